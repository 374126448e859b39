/* tls.h: the TLS context towards clients, made from a snapshot's certificate and key.
 *
 * TLS 1.2 and later, no renegotiation, no compression; ALPN "postgresql" (a client that offers ALPN
 * without it is refused); records of at most 8 KiB, which libpq's asynchronous readers need. */
#pragma once

#include "conf/conf.h"

#include <openssl/ssl.h>

#define TLS_RECORD_BYTES 8192

/* The context of ${conf}, or NULL in ${ret} when tls.mode is off.  Reads files: call it off the
 * loop. -1: F0000 with the file's name and why. */
int tls_context_new(const struct conf *conf, SSL_CTX **ret, struct err *err) MUSTCHECK;

/* The reason on top of OpenSSL's error queue, which is then emptied; never empty. */
void tls_error_text(char *ret, size_t size);
