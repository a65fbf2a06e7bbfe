/* Secrets for the tests of masking. None is anybody's: made up, or the vendor's own documented example. Those that look like
 * a live service's are written in pieces, so that no scanner of source trees takes them for one. */
#ifndef TESTS_UNIT_MASK_CASES_H
#define TESTS_UNIT_MASK_CASES_H

#include <stddef.h>

struct mask_case {
	const char *rule;
	const char *before, *secret, *after; /* after "" and before "" are tried too, where alone is set */
};

#define X16 "0123456789abcdef"
#define K20 "Aa1Bb2Cc3Dd4Ee5Ff6Gg"
#define LINE64 "MIIEpAIBAAKCAQEA04up8hoqzS1+APIB0RhjXyObwHQnOzhAk5Bd7mhkSbPkyhP1"

static const struct mask_case mask_cases[] = {
	{ "credit-card", "card ", "4111111111111111", " ok" },
	{ "credit-card", "card=", "4111 1111 1111 1111", "." },
	{ "credit-card", "\"", "4111-1111-1111-1111", "\"" },
	{ "credit-card", "(", "378282246310005", ")" },
	{ "credit-card", " ", "3782 822463 10005", "\n" },
	{ "credit-card", ";", "5555555555554444", ";" },
	{ "credit-card", "\n", "2223003122003222", "\n" },
	{ "credit-card", ":", "6011111111111117", "," },
	{ "credit-card", " ", "3530111333300000", " " },
	{ "credit-card", " ", "30569309025904", " " },
	{ "credit-card", " ", "6200000000000005", " " },
	{ "credit-card", "x\\n", "4242424242424242", "\\n" },
	{ "aws-key", "id ", "AKIAIOSFODNN7EXAMPLE", " end" },
	{ "aws-key", "=", "ASIAIOSFODNN7EXAMPLE", "\n" },
	{ "aws-key", "?a=%3D", "AKIAIOSFODNN7EXAMPLE", "&b" },
	{ "password-field", "AWS_SECRET_ACCESS_KEY=", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "\n" },
	{ "gcp-key", "key=", "AIza" "SyA-1234567890abcdefghijklmnopqrstu", " " },
	{ "gcp-key", " ", "ya29." "a0AfH6SMBx1234567890-_abcdefg", "\n" },
	{ "gcp-key", "'", "GOC" "SPX-abcdefghijklmnopqrstuvwxyz12", "'" },
	{ "azure-key", "AccountName=x;AccountKey=",
	  "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==", ";End=" },
	{ "azure-key", "&sig=", "abcdefghijklmnopqrstuvwxyzABCDEFGH0123456789%2Bab%3D", "&se=1" },
	{ "azure-key", "secret ", "abc8" "Q~" "0123456789abcdefghijABCDEFGHIJ.-_~", " " },
	{ "github-token", "token is ", "ghp" "_0123456789abcdefghijABCDEFGHIJ012345", "\n" },
	{ "github-token", "https://", "gho" "_0123456789abcdefghijABCDEFGHIJ012345", "@github.com" },
	{ "github-token", " ", "github" "_pat_11ABCDEFG0abcdefghijkl_0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklm", " " },
	{ "gitlab-token", "-> ", "gl" "pat-" K20, "\n" },
	{ "gitlab-token", "-> ", "GR13" "48941" K20, "\n" },
	{ "slack-token", " ", "xo" "xb-123456789012-abcdefABCDEF", "\n" },
	{ "slack-token", "https://", "hooks.sla" "ck.com/services/T00000000/B00000000/" X16, " " },
	{ "stripe-key", " ", "sk_" "live_" K20, "\n" },
	{ "stripe-key", " ", "rk_" "test_" K20, "\n" },
	{ "stripe-key", " ", "wh" "sec_" K20 K20, "\n" },
	{ "jwt", " ", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U", "\n" },
	{ "jwt", "(", "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..48V1_ALb6US04U3b.5eym8TW_c8SuK0ltJ3rpYIzOeDQz7TALvtu6UG9oMo4vpzs9tX"
	  ".XFBoMYUZodetZdvTiFvSkQ", ")" },
	{ "private-key", "x\n", "-----BEGIN " "RSA PRIVATE KEY-----\n" LINE64 "\n" LINE64 "\nabc=\n-----END " "RSA PRIVATE KEY-----", "\ny" },
	{ "private-key", "x\r\n", "-----BEGIN " "OPENSSH PRIVATE KEY-----\r\n" LINE64 "\r\n" LINE64 "\r\n-----END " "OPENSSH PRIVATE KEY-----", "\r\ny" },
	{ "private-key", "\"k\":\"", "-----BEGIN " "PRIVATE KEY-----\\n" LINE64 "\\nabcd\\n-----END " "PRIVATE KEY-----", "\\n\"" },
	{ "private-key", "\n", "-----BEGIN " "RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0123\n\n" LINE64
	  "\n-----END " "RSA PRIVATE KEY-----", "\n" },
	{ "private-key", "k=", "-----BEGIN " "PRIVATE KEY-----\n" LINE64 "\n-----END " "PRIVATE KEY-----", " is the key\n" },
	{ "private-key", "", "-----BEGIN " "RSA PRIVATE KEY-----$\n" LINE64 "$\n" LINE64 "$\n-----END " "RSA PRIVATE KEY-----", "$\n" },
	{ "private-key", "", "-----BEGIN " "RSA PRIVATE KEY-----^M$\n" LINE64 "^M$\nab=^M$\n-----END " "RSA PRIVATE KEY-----", "^M$\n" },
	{ "private-key", "", "-----BEGIN " "RSA PRIVATE KEY-----<br>\n" LINE64 "<br>\n-----END " "RSA PRIVATE KEY-----", "<br>\n" },
	{ "private-key", "{\"log\":\"", "-----BEGIN " "RSA PRIVATE KEY-----\\n\",\"stream\":\"stdout\"}\n{\"log\":\"" LINE64
	  "\\n\",\"stream\":\"stdout\"}\n{\"log\":\"" LINE64 "\\n\",\"stream\":\"stdout\"}\n{\"log\":\"-----END " "RSA PRIVATE KEY-----", "\\n\"}\n" },
	{ "vendor-token", " ", "sk-" "ant-api03-" K20 K20 K20, "\n" },
	{ "vendor-token", "=", "sk-" "proj-" K20 K20 K20, "\n" },
	{ "vendor-token", " ", "hv" "s.CAESI" K20 K20, "\n" },
	{ "vendor-token", " ", "np" "m_0123456789abcdefghijABCDEFGHIJ012345", "\n" },
	{ "vendor-token", " ", "AGE-SECRET-" "KEY-1" "QQPQQPQQPQQPQQPQQPQQPQQPQQPQQPQQPQQPQQPQQPQQPQQPQQPQQPQQPQ", "\n" },
	{ "password-field", "- name: DB_PASSWORD\n  value: ", "hunter2secret", "\n- name: x\n" },
	{ "password-field", "{\"name\":\"DB_PASSWORD\",\"value\":\"", "hunter2secret", "\"}" },
	{ "password-field", "{\n  \"name\": \"API_TOKEN\",\n  \"value\": \"", "hunter2secret", "\"\n}" },
	{ "password-field", "password: |\n  ", "hunter2secret", "\nuser: x\n" },
	{ "password-field", "a:\n  db_password: >-\n    ", "correct horse\n    battery", "\n  b: x\n" },
	{ "password-field", "define('DB_PASSWORD', '", "hunter2secret", "');" },
	{ "password-field", "CREATE USER x IDENTIFIED BY '", "hunter2secret", "';" },
	{ "password-field", "ALTER ROLE x WITH PASSWORD '", "hunter2secret", "';" },
	{ "k8s-secret", "\"last-applied\": \"{\\\"data\\\":{\\\"x\\\":\\\"", "aHVudGVyMnNlY3JldA==", "\\\"},\\\"kind\\\":\\\"Secret\\\"}\"" },
	{ "url-password", "postgres://bob:", "s3cr3t", "@db.example:5432/x" },
	{ "url-password", "redis://:", "p@ss:w0rd", "@10.0.0.1/0" },
	{ "password-field", "DB_PASSWORD=", "hunter2", "\n" },
	{ "password-field", "export PGPASSWORD='", "hunter 2", "'\n" },
	{ "password-field", "{\"password\":\"", "hunter2", "\",\"user\":\"bob\"}" },
	{ "password-field", "{\"password\" : \"", "hun\\\"ter2", "\" }" },
	{ "password-field", "{\\\"clientSecret\\\":\\\"", "hunter2", "\\\"}" },
	{ "password-field", "\n  password: ", "correct horse battery", "\n  user: x" },
	{ "password-field", "?user=x&access_token=", "abc.def-123", "&x=1" },
	{ "password-field", "Authorization: Bearer ", "mF_9.B5f-4.1JqM", "\r\n" },
	{ "password-field", "-H 'Authorization: Basic ", "dXNlcjpwYXNz", "'" },
	{ "password-field", "X-Api-Key: ", "abc123def", "\r\n" },
	{ "password-field", "\nSet-Cookie: ", "sid=abc; Path=/; HttpOnly", "\r\n" },
	{ "password-field", "mysql --password ", "hunter2", " -u x" },
	{ "password-field", "mysql --password=", "hunter2", " -u x" },
	{ "password-field", "machine x login y password ", "hunter2", "\n" },
	{ "password-field", "<password>", "hunter2", "</password>" },
	{ "password-field", "MYSQL_PWD=", "hunter2", " mysql" },
	{ "password-field", "\"auth\": \"", "dXNlcjpwYXNz", "\"" },
	{ "password-field", "password = ", "hunter2", "\n" },
	{ "password-field", "curl -sS -u bob:", "hunter2", " https://x.example/" },
	{ "password-field", "curl --user 'bob:", "hunter2", "' https://x.example/" },
	{ "password-field", "mysqldump -u root -p", "hunter2", " db" },
	{ "password-field", "mysql -p", "hunter2", "\n" },
	{ "password-field", "sshpass -p ", "hunter2", " ssh x" },
	{ "password-hash", "root:", "$6$saltsalt$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", ":19000:" },
	{ "password-hash", "bob:", "$2y$10$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234", "\n" },
	{ "k8s-secret", "apiVersion: v1\ndata:\n  pw: ", "aHVudGVyMg==", "\nkind: Secret\n" },
	{ "k8s-secret", "  kind: Secret\n  data:\n    a.b: \"", "c2VjcmV0IG9uZQ==", "\"\n  type: Opaque\n" },
	{ "k8s-secret", "stringData:\n  pw: ", "hunter2", "\nkind: Secret\n" },
	{ "k8s-secret", "{\"apiVersion\":\"v1\",\"data\":{\"pw\":\"", "aHVudGVyMg==", "\"},\"kind\":\"Secret\"}" },
	{ "iban", "to ", "DE89370400440532013000", " ok" },
	{ "iban", "to ", "GB29 NWBK 6016 1331 9268 19", "." },
	{ "email", "from ", "john.doe+x@example.co.uk", " to" },
	{ "email", "<", "a@b.de", ">" },
	{ "us-ssn", "ssn ", "078-05-1120", "\n" },
	{ "staff", "no ", "S1234567", " x" },
	{ "canary", "", "HONEY-abcdef-HONEY", "" },
};

/* What must come out as it went in. */
static const char *const mask_not[] = {
	"4111111111111112 and 1234567812345678 and 0000000000000000", "x4111111111111111y 41111111111111111111111",
	"3.4111111111111111", "550e8400-4111-1111-1111-111111111111", "2026-11-21 02:29:34 1732156174123456",
	"AKIAIOSFODNN7EXAMPL AKIAIOSFODNN7EXAMPLEX xAKIAIOSFODNN7EXAMPLE", "http://localhost:8080/x@y https://example.com:443/",
	"git@github.com:acme/x.git getty@tty1.service icon@2x.png user@host foo@bar:~$", "postgres://$USER:$PASS@db/x",
	"password: null\npassword=$DB_PASSWORD\npassword=${X}\npassword: \"\"\ntoken=<your token>\nsecret: '****'",
	"if (password == NULL) return; password = get_password(conf); token: string;", "PWD=/home/x\nOLDPWD=/tmp\nbypass=1 compass: n",
	"-----BEGIN CERTIFICATE-----\n" LINE64 "\n-----END CERTIFICATE-----", ("The header is -----BEGIN " "PRIVATE KEY----- as such."),
	"apiVersion: v1\ndata:\n  mode: disabled\n  x: true\nkind: ConfigMap\n", "{\"data\":{\"a\":\"true\"},\"kind\":\"ConfigMap\"}",
	"DE89370400440532013001 GB00NWBK60161331926819 AB12 CD34", "000-12-3456 666-12-3456 900-12-3456 123-45-67890 1123-45-6789",
	"eyJhbGci eyJub3QiOiJhIGp3dCJ9.foo.bar", "a plain line\twith tabs\r\nand a \x1b[31mcolour\x1b[0m \xff\xfe\x00 bytes", "",
};

static const char mask_policy[] =
	"use: [default, us-ssn]\n"
	"fields: [x-pin, PIN]\n"
	"rules:\n"
	"  - { id: staff, regex: '\\bS\\d{7}\\b', tests: { mask: [S1234567], not: [S12345678, XS1234567] } }\n"
	"  - { id: canary, regex: 'HONEY-[a-z]{1,20}-HONEY', on_match: end_session }\n"
	"  - { id: table, regex: 'TBL(?<value>[0-9a-f]{24})', same_length: true }\n"
	"  - { id: wide, regex: 'W&w=W' }\n";

#endif
