/* A record as an event of the Open Cybersecurity Schema Framework. Pure. */
#ifndef AUDIT_OCSF_H
#define AUDIT_OCSF_H

#include <jansson.h>

/* By the catalogue's mapping (events.tbl); what has no place there goes to `unmapped`, so that nothing is lost. New reference, NULL on
 * no memory. */
json_t *ocsf_event(const json_t *record);

#endif
