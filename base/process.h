/* What every Sallyport process does first: no core dumps, no new privileges, bounded resources, no descriptor but those that
 * the supervisor passed. */
#ifndef BASE_PROCESS_H
#define BASE_PROCESS_H

/* Sets the process up: name for the log, core limit 0, not dumpable, no_new_privs, SIGPIPE ignored, umask 077, every descriptor above last_fd closed.
 * Returns ERR_OK or ERR_SYS. last_fd is the highest descriptor the process was given. */
int process_harden(const char *name, int last_fd);

/* Bounds open descriptors and address space (0: leave). ERR_OK or ERR_SYS. */
int process_limits(unsigned long nofile, unsigned long address_space);

/* The path of a sibling program: beside the running program when it lies there (an uninstalled build), else in the installed
 * libexec directory. Written to out (PATH_MAX bytes); ERR_OK or ERR_NOTFOUND. */
int process_sibling(const char *name, char *out);

#endif
