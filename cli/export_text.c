/* What a bundle says of itself: VERIFY.md (how to check it with other people's tools) and SOC2.md (which file answers which
 * criterion). */
#include <stdio.h>
#include <string.h>

#include "audit/checkpoint.h"
#include "cli/export.h"

static const char verify_text[] =
	"# Verifying this bundle\n"
	"\n"
	"Records %llu to %llu of the log, from %s to %s. Nothing of Sallyport is needed: the commands below use sha256sum, ssh-keygen, jq,\n"
	"zcat and a POSIX shell. Run them in this directory, in this order; each says what it proves.\n"
	"\n"
	"**What you must bring yourself:** the fingerprint of the signing key, told to you by somebody other than the bastion, or an\n"
	"`allowed_signers` file of your own. The one in this bundle was written by the bastion. The key that signed is\n"
	"\n"
	"    %s\n"
	"\n"
	"## 1. The files are those that were exported\n"
	"\n"
	"```sh\n"
	"sha256sum --quiet -c SHA256SUMS && echo ok\n"
	"```\n"
	"\n"
	"Proves that nothing was changed on its way to you, no more than that.\n"
	"\n"
	"## 2. The checkpoint is signed\n"
	"\n"
	"```sh\n"
	"ssh-keygen -Y verify -f allowed_signers -I %s -n " CHECKPOINT_NAMESPACE " -s checkpoint.txt.sig < checkpoint.txt\n"
	"ssh-keygen -lf signer.pub\n"
	"```\n"
	"\n"
	"Proves that the holder of the key stated: at the time in its fourth line the log had so many records (second line), and the last\n"
	"of them had this SHA-256 (\"head\", fifth line). The second command prints the fingerprint to compare with yours. Is the checkpoint\n"
	"one that left the bastion at the time (syslog, webhook, a witness)? Then compare the two: `cmp checkpoint.txt YOURS`.\n"
	"\n"
	"## 3. Every record is unchanged and in its place\n"
	"\n"
	"```sh\n"
	"cat log/log-*.jsonl | head -n %llu > chain.tmp\n"
	"head=$(sed -n 's/^head //p' checkpoint.txt)\n"
	"test \"$(tail -n 1 chain.tmp | tr -d '\\n' | sha256sum | cut -c1-64)\" = \"$head\" && echo 'the last record is the one that was signed'\n"
	"bad=0; want=\n"
	"while IFS= read -r line; do\n"
	"  prev=${line##*\\\"prev\\\":\\\"}; prev=${prev%%\\\"\\}}\n"
	"  [ -z \"$want\" ] || [ \"$prev\" = \"$want\" ] || { bad=1; echo \"broken before: $line\" | cut -c1-80; }\n"
	"  want=$(printf %%s \"$line\" | sha256sum | cut -c1-64)\n"
	"done < chain.tmp\n"
	"[ $bad = 0 ] && echo 'each record names the one before it'\n"
	"jq -es 'length as $n | ((.[-1].seq - .[0].seq + 1) == $n)' chain.tmp && echo 'no number is missing'\n"
	"rm chain.tmp\n"
	"```\n"
	"\n"
	"Each line ends in the SHA-256 of the line before it, so the signature over the last one covers all: a record that was edited,\n"
	"removed, swapped or inserted breaks a link. (`sallyport audit verify --dir .` does the same in a moment and names the record.)\n"
	"Records after number %llu are in no signed checkpoint of this bundle yet.\n"
	"\n"
	"## 4. The recordings are those that were made\n"
	"\n"
	"```sh\n"
	"[ ! -d recordings ] || {\n"
	"jq -r '.[] | select((.event == \"recording.closed\" or .event == \"recording.repaired\") and (.deleted | not)) |\n"
	"  .sha256 + \"  recordings/\" + .file' recordings.json | sha256sum --quiet -c - && echo ok\n"
	"jq -r '.[] | select(.event == \"recording.digest\" and (.deleted | not)) | \"\\(.bytes) \\(.sha256) \\(.file)\"' recordings.json |\n"
	"  while read -r bytes sum file; do\n"
	"    [ \"$(head -c \"$bytes\" \"recordings/$file\" | sha256sum | cut -c1-64)\" = \"$sum\" ] || echo \"recordings/$file: FAILED\"\n"
	"  done; }\n"
	"jq -r '.[] | select(.deleted) | \"\\(.file): deleted \\(.deleted), \\(.deleted_reason)\"' recordings.json\n"
	"```\n"
	"\n"
	"The digests come out of log records (the column `seq` says which), which step 3 proved: they are over the bytes as they lie here, so that an\n"
	"encrypted recording is checked without opening it. One that was still being made is checked as far as its last running digest. One that the\n"
	"last command names was deleted by retention, on record; its digest stays in the log. To see one:\n"
	"`zcat recordings/FILE | asciinema play -`; to read one: `zcat recordings/FILE | jq -rj 'arrays | select(.[1] == \"o\") | .[2]'`.\n"
	"A file that ends in `.cms` is encrypted: put `openssl cms -decrypt -inform DER -inkey YOUR.key -in recordings/FILE | zcat` in the place of\n"
	"`zcat recordings/FILE`. If openssl then says that it cannot decrypt although text came, the recording's end was lost in a crash\n"
	"(`recording.repaired`): it is as far as it goes, and the digest in the log vouches for it.\n"
	"\n"
	"## 5. The tables say what the log says\n"
	"\n"
	"```sh\n"
	"cat log/log-*.jsonl | jq -r .seq | sort > seqs.tmp\n"
	"jq -r '.[].seq' sessions.json approvals.json denials.json maskings.json certificates.json policies.json recordings.json | sort -u > rows.tmp\n"
	"[ -z \"$(comm -23 rows.tmp seqs.tmp)\" ] && echo 'every row is a record'\n"
	"rm seqs.tmp rows.tmp\n"
	"```\n"
	"\n"
	"Every row carries the number of its record. Look any of them up: `cat log/log-*.jsonl | jq 'select(.seq == NUMBER)'`.\n"
	"\n"
	"## 6. The policies in force\n"
	"\n"
	"```sh\n"
	"(cd policies && for f in *.yaml; do [ \"$f\" = '*.yaml' ] || echo \"${f%%.yaml}  $f\"; done | sha256sum --quiet -c -) && echo ok\n"
	"```\n"
	"\n"
	"A policy file's name is its SHA-256, which `policies.json` and every decision carry.\n"
	"\n"
	"## 7. Signed approvals\n"
	"\n"
	"Where an approver signed (`signature` in approvals.json), the request's digest is what was signed:\n"
	"\n"
	"```sh\n"
	"jq -r '.[] | select(.signature) | .approval' approvals.json | while read -r id; do\n"
	"  jq -r --arg id \"$id\" '.[] | select(.approval == $id) | .signature' approvals.json > sig.tmp\n"
	"  jq -j --arg id \"$id\" '.[] | select(.approval == $id) | .digest' approvals.json > digest.tmp\n"
	"  state=$(jq -r --arg id \"$id\" '.[] | select(.approval == $id) | .state' approvals.json)\n"
	"  [ \"$state\" = denied ] && ns=denial@sallyport || ns=approval@sallyport\n"
	"  ssh-keygen -Y check-novalidate -n $ns -s sig.tmp < digest.tmp\n"
	"done; rm -f sig.tmp digest.tmp\n"
	"```\n"
	"\n"
	"With your own list of approvers' keys use `ssh-keygen -Y verify -f THEIRS -I PERSON` instead of `check-novalidate`.\n";

int export_write_verify(int dirfd, const struct export_facts *f)
{
	FILE *out = export_create(dirfd, "VERIFY.md");
	unsigned long long first = f->first_seq, last = f->last_seq, sealed = f->sealed, covered = sealed >= first ? sealed - first + 1 : 0;

	if (out == NULL)
		return ERR_SYS;
	fprintf(out, verify_text, first, last, f->from, f->to, f->fingerprint[0] != '\0' ? f->fingerprint : "(there is no checkpoint in this bundle)",
		f->principal, covered, sealed);
	return fclose(out) != 0 ? ERR_SYS : ERR_OK;
}

int export_write_soc2(int dirfd)
{
	static const char text[] =
		"# Which file answers which criterion\n"
		"\n"
		"Trust Services Criteria (2017, with the 2022 points of focus). The bundle is evidence for these controls at the bastion; what happens\n"
		"on hosts that are reached in other ways is outside of it.\n"
		"\n"
		"| criterion | what it asks | file |\n"
		"|---|---|---|\n"
		"| CC6.1 | logical access is restricted to those who are authorized | certificates.csv, sessions.csv, policies/ |\n"
		"| CC6.2 | credentials are issued to registered and authorized users | certificates.csv: who, by which issuer, until when |\n"
		"| CC6.3 | access follows roles, least privilege, segregation of duties | policies/, approvals.csv: who asked and who said yes are never the same |\n"
		"| CC6.6 | access from outside is protected | denials.csv, certificates.csv (source), sessions.csv (source) |\n"
		"| CC6.7 | information is restricted when it is transmitted | maskings.csv: rule, count and place; never the value |\n"
		"| CC6.8 | unauthorized software is prevented or detected | denials.csv, sessions.csv (every command, its verdict and rule) |\n"
		"| CC7.2 | systems are monitored for anomalies | sessions.csv, denials.csv, log/ (for a SIEM: `audit export --format ocsf`) |\n"
		"| CC7.3, CC7.4 | events are evaluated and responded to | log/ (session.stopped, certificate.revoked), recordings/ |\n"
		"| CC8.1 | changes are authorized, documented, approved | approvals.csv with rationale, sessions.csv, recordings/, policies.csv |\n"
		"| CC4.1, CC4.2 | controls are evaluated, deficiencies told | log/ (`read`: every look an auditor took), VERIFY.md |\n"
		"| C1.1, C1.2 | confidential information is protected and disposed of | maskings.csv; recordings.csv: encrypted files (.cms), `deleted` and why |\n"
		"| PI1.4, A1.2 | records are complete, accurate, kept | VERIFY.md, checkpoint.txt, log/ |\n";
	FILE *out = export_create(dirfd, "SOC2.md");

	if (out == NULL)
		return ERR_SYS;
	fputs(text, out);
	return fclose(out) != 0 ? ERR_SYS : ERR_OK;
}
