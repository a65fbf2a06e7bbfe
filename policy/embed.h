/* Texts that are compiled in: the tables and the rule packs of this folder (policy/tables/embed.sh). NUL-terminated. */
#ifndef POLICY_EMBED_H
#define POLICY_EMBED_H

extern const char embed_effects_tbl[];
extern const char embed_wrappers_tbl[];
extern const char embed_vars_tbl[];
extern const char embed_core_readonly_yaml[];
extern const char embed_core_protected_paths_yaml[];
extern const char embed_core_destructive_yaml[];

#endif
