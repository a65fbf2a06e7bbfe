/* About the bastion itself: is it well, what can be called. How much it does is in metrics.c. */
#include <string.h>

#include "approve/http_call.h"
#include "approve/openapi.h"
#include "approve/receipt.h"

void api_health(struct call *call)
{
	call_reply_text(call, 200, "ok\n");
}

void api_ready(struct call *call)
{
	struct control *c = call->ctl;
	const char *why = !c->ready		    ? "not started yet\n"
			  : c->vault == NULL	    ? "the vault is not running\n"
			  : c->supervisor == NULL   ? "the supervisor is not running\n"
			  : audit_health(c->log) != AUDIT_HEALTHY ? "the audit log cannot be written\n"
						    : NULL;

	call_reply_text(call, why == NULL ? 200 : 503, why == NULL ? "ready\n" : why);
}

void api_openapi(struct call *call)
{
	call_reply(call, 200, "application/json", openapi_json, openapi_json_len);
}

void api_jwks(struct call *call)
{
	call_reply_json(call, 200, receipt_jwks(call->ctl));
}
