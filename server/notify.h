/* What systemd wants to hear and what it hands over, without libsystemd (sd_notify(3), sd_listen_fds(3)). */
#ifndef SERVER_NOTIFY_H
#define SERVER_NOTIFY_H

#include <stdint.h>

/* Sends a state such as "READY=1" to $NOTIFY_SOCKET; does nothing where there is none. */
void notify_state(const char *state);

/* "RELOADING=1" with the monotonic time that systemd 253 wants beside it. */
void notify_reloading(void);

/* Half of $WATCHDOG_USEC in milliseconds when it is meant for this process, else 0. */
int64_t notify_watchdog_ms(void);

/* How many listening sockets were passed, from descriptor 3 on; 0 where none are meant for this process. Unsets the variables. */
int notify_listen_fds(void);

#endif
