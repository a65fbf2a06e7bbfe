/* What the files of the configuration reader share; nobody else includes this. */
#ifndef APPROVE_CONFIG_INTERNAL_H
#define APPROVE_CONFIG_INTERNAL_H

#include "approve/config.h"

/* n zeroed bytes that live as long as the configuration. NULL on no memory, which is then noted as a mistake. */
void *config_take(struct config *c, size_t n);

/* A list of strings under a key, kept by the configuration. */
bool config_strs(struct config *c, const struct yaml_node *m, const char *key, bool required, struct config_strings *out);

/* A path: absolute, or meant from the file's folder. */
bool config_path(struct config *c, const struct yaml_node *m, const char *key, bool required, const char **out);

/* "host:port", "[v6]:port". Only numeric hosts. */
bool config_endpoint(struct config *c, const struct yaml_node *at, const char *text, struct config_endpoint *out);

/* Reports when the string is not [a-z0-9][a-z0-9._-]{0,max-1}. */
bool config_name(struct config *c, const struct yaml_node *m, const char *key, size_t max, const char **out);

/* "64MiB", "512KiB", "1GiB", or bytes. */
bool config_bytes(struct config *c, const struct yaml_node *m, const char *key, uint64_t min, uint64_t max, uint64_t *out);

/* An https URL, or http to a loopback address. */
bool config_url(struct config *c, const struct yaml_node *m, const char *key, bool required, const char **out);

void config_issuers(struct config *c, const struct yaml_node *root);
void config_roles(struct config *c, const struct yaml_node *root);
void config_targets(struct config *c, const struct yaml_node *root);
void config_records(struct config *c, const struct yaml_node *root);

#endif
