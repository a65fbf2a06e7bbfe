/* The key that signs checkpoints, and the operator's word for it: a signature made where the bastion cannot reach, put on record here. */
#include <stdlib.h>
#include <string.h>

#include "approve/http_call.h"
#include "audit/trust.h"
#include "audit/verify.h"

/* The line that is signed: `ssh-keygen -Y sign -n sallyport-epoch`. */
void api_audit_key(struct call *call)
{
	struct buf line;

	if (call->ctl->audit_key_line == NULL) {
		call_problem(call, 503, "the vault has not told its key yet");
		return;
	}
	buf_init(&line, TRUST_BLOB_MAX);
	if (buf_printf(&line, "%s\n", call->ctl->audit_key_line) < 0)
		call_problem(call, 503, "no memory");
	else
		call_reply(call, 200, "text/plain; charset=utf-8", buf_ptr(&line), line.len);
	buf_free(&line);
}

/* The number in "… audit.7". */
static json_int_t epoch_of(const char *line)
{
	const char *p = strstr(line, "audit.");

	return p != NULL ? strtol(p + 6, NULL, 10) : 0;
}

/* The body: the armoured signature. Whose key it is is for the auditor to say; that it is a signature over this key is checked here. */
void api_audit_certify(struct call *call)
{
	struct view sig = { buf_ptr(&call->body), call->body.len };
	const char *key = call->ctl->audit_key_line;
	struct buf text, signer, line;
	struct why why = { "" };
	char *armour = NULL;
	int r;

	if (key == NULL) {
		call_problem(call, 503, "the vault has not told its key yet");
		return;
	}
	buf_init(&text, TRUST_BLOB_MAX);
	buf_init(&signer, TRUST_BLOB_MAX);
	buf_init(&line, TRUST_BLOB_MAX);
	r = buf_printf(&text, "%s\n", key);
	if (r >= 0)
		r = trust_verify(sig, VERIFY_EPOCH_NAMESPACE, (struct view){ buf_ptr(&text), text.len }, &signer, &why);
	if (r >= 0)
		r = view_strdup(&sig, &armour);
	if (r >= 0)
		r = sshkey_format_line((struct view){ buf_ptr(&signer), signer.len }, NULL, &line);
	if (r < 0)
		call_problem(call, 400, "this is not a signature over the key in force (GET /v1/audit/key), in the namespace " VERIFY_EPOCH_NAMESPACE ": %s",
			     why.text[0] != '\0' ? why.text : err_text(r));
	else if (control_record(call->ctl, NULL, "epoch.certified",
				json_pack("{s:I,s:s,s:s,s:s,s:{s:s,s:s}}", "epoch", epoch_of(key), "key", key, "certified", armour, "operator",
					  buf_cstr(&line), "by", "issuer", call->who->issuer, "subject", call->who->subject),
				NULL) < 0)
		call_problem(call, 503, "nothing can be recorded now");
	else
		call_reply(call, 204, "text/plain", "", 0);
	free(armour);
	buf_free(&text);
	buf_free(&signer);
	buf_free(&line);
}
