/* What went wrong, by what it was: the labels of sallyport_failures_total. A line a kind: its label, and what the operator's guide says of it. */
#ifndef APPROVE_METRICS_H
#define APPROVE_METRICS_H

#define FAILURES(F) \
	F(FAIL_BAD_MESSAGE, "bad_message")     /* one of our processes sent what is not of its form, and was dropped */ \
	F(FAIL_CHECKPOINT, "checkpoint")       /* a checkpoint could not be signed or stored */ \
	F(FAIL_CONFIG, "config")               /* a configuration or policy was refused at a reload or a start */ \
	F(FAIL_DIAL, "dial")                   /* a target could not be reached */ \
	F(FAIL_ISSUER_KEYS, "issuer_keys")     /* an issuer's keys could not be fetched */ \
	F(FAIL_RECORDER, "recorder")           /* a recorder did not start, or ended before its session */ \
	F(FAIL_RECORDING, "recording")         /* a recording could not be written */ \
	F(FAIL_SESSION, "session")             /* a session's process was ended by a signal */ \
	F(FAIL_TARGET_LOGIN, "target_login")   /* a target refused the login, or showed another host key */ \
	F(FAIL_VAULT, "vault")                 /* the vault went away */ \
	F(FAIL_WEBHOOK, "webhook")             /* a webhook's message was given up */ \
	F(FAIL_WITNESS, "witness")             /* a checkpoint did not reach the witness */

#define FAILURE_ENUM(id, label) id,
enum failure { FAILURES(FAILURE_ENUM) FAIL_KINDS };
#undef FAILURE_ENUM

#endif
