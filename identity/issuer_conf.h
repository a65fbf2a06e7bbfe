/* An issuer out of the configuration file: one item of its `issuers` list. */
#ifndef IDENTITY_ISSUER_CONF_H
#define IDENTITY_ISSUER_CONF_H

#include "base/yaml.h"
#include "identity/issuer.h"

/* Reads the map at node into a new issuer that is complete (issuer_finish() was called). The keys are those of issuer.h,
 * and `required_claims`, a map of claims to
 * globs; a duration must have a unit there. Mistakes are noted in the document with their place; then *out is NULL and
 * the result is ERR_MALFORMED. */
int issuer_conf(struct yaml_doc *doc, const struct yaml_node *node, struct issuer **out);

#endif
