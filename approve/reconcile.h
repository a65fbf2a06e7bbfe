/* Recordings whose end control did not hear of: it was not there, or the recorder was killed. */
#ifndef APPROVE_RECONCILE_H
#define APPROVE_RECONCILE_H

struct control;

/* Looks at every recording that is open in the store and belongs to no session that runs; where the recorder (or its repair) left a
 * note beside the file, the end is recorded from that. The same for notes on recordings that the store has never heard of. Called at start and once a minute. */
void reconcile_recordings(struct control *c);

/* Drops from the store what can matter no more: used tokens past their time, certificates long over. */
void reconcile_sweep(struct control *c);

#endif
