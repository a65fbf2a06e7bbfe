/* `sallyport audit`: its verbs, one a file. argv[0] is the verb's name. */
#ifndef CLI_AUDIT_H
#define CLI_AUDIT_H

int audit_verb_verify(int argc, char **argv); /* audit_verify.c */
int audit_verb_prove(int argc, char **argv);  /* audit_prove.c */
int audit_verb_query(int argc, char **argv);  /* audit_query.c */
int audit_verb_export(int argc, char **argv); /* audit_export.c */

#endif
