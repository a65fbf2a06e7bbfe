/* Checkpoints and epochs: the signed statements of the log's size and root, and the change of the key that signs them. */
#ifndef APPROVE_EVIDENCE_H
#define APPROVE_EVIDENCE_H

struct control;

int evidence_open(struct control *c);
void evidence_close(struct control *c);

/* The vault said its public keys: opens the epoch that is in force, when the log does not name it yet. */
void evidence_keys(struct control *c);

/* Once a round, after the commit: asks for a checkpoint where one is due, steps an epoch's change. */
void evidence_round(struct control *c);

#endif
