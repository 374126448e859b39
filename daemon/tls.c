#include "daemon/tls.h"

#include "protocol/sqlstate.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define SQLSTATE_CONFIG_FILE_ERROR "F0000"

/* The only protocol served, in ALPN's length-prefixed form. */
static const unsigned char tls_alpn[] = "\x0apostgresql";

void tls_error_text(char *ret, size_t size)
{
    unsigned long code = ERR_get_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    if (reason)
        snprintf(ret, size, "%s", reason);
    else
        snprintf(ret, size, "error %lx", code);
    ERR_clear_error();
}

static int tls_select_alpn(SSL *ssl, const unsigned char **ret, unsigned char *ret_len,
                           const unsigned char *offered, unsigned int offered_len, void *arg)
{
    (void)ssl;
    (void)arg;
    unsigned char *chosen;
    if (SSL_select_next_proto(&chosen, ret_len, tls_alpn, sizeof tls_alpn - 1, offered,
                              offered_len) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL; /* another protocol's client must not be talked into this
                                              one */
    *ret = chosen;
    return SSL_TLSEXT_ERR_OK;
}

/* Without this a key with a passphrase would make OpenSSL ask the terminal. */
static int tls_no_passphrase(char *buf, int size, int rwflag, void *arg)
{
    (void)buf;
    (void)size;
    (void)rwflag;
    (void)arg;
    return 0;
}

static int tls_check_key_file(const char *path, struct err *err)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return err_set(err, SQLSTATE_CONFIG_FILE_ERROR,
                       "could not access private key file \"%s\": %s", path, strerror(errno));
    if (st.st_mode & S_IRWXO)
        return err_set(err, SQLSTATE_CONFIG_FILE_ERROR,
                       "private key file \"%s\" may be read by everybody", path);
    return 0;
}

static int tls_load(SSL_CTX *ctx, const char *certificate, const char *key, struct err *err)
{
    char why[160];
    if (SSL_CTX_use_certificate_chain_file(ctx, certificate) != 1) {
        tls_error_text(why, sizeof why);
        return err_set(err, SQLSTATE_CONFIG_FILE_ERROR,
                       "could not load server certificate file \"%s\": %s", certificate, why);
    }
    if (tls_check_key_file(key, err) != 0)
        return -1;
    if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1) {
        tls_error_text(why, sizeof why);
        return err_set(err, SQLSTATE_CONFIG_FILE_ERROR,
                       "could not load private key file \"%s\": %s", key, why);
    }
    if (SSL_CTX_check_private_key(ctx) != 1) {
        tls_error_text(why, sizeof why);
        return err_set(err, SQLSTATE_CONFIG_FILE_ERROR,
                       "private key file \"%s\" does not belong to certificate \"%s\": %s", key,
                       certificate, why);
    }
    return 0;
}

static void tls_set_options(SSL_CTX *ctx)
{
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_IGNORE_UNEXPECTED_EOF |
                                 SSL_OP_NO_TICKET);
    /* Neither resumption nor tickets: clients of this protocol do not resume, and each ticket is a
     * write more in the handshake. */
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(ctx, 0);
    /* The queue's bytes move when it grows. */
    SSL_CTX_set_mode(ctx, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(ctx, 1); /* one system call for a record, not two */
    (void)SSL_CTX_set_max_send_fragment(ctx, TLS_RECORD_BYTES);
    SSL_CTX_set_alpn_select_cb(ctx, tls_select_alpn, NULL);
    SSL_CTX_set_default_passwd_cb(ctx, tls_no_passphrase);
}

int tls_context_new(const struct conf *conf, SSL_CTX **ret, struct err *err)
{
    if (conf->tls.mode == CONF_TLS_OFF) {
        *ret = NULL;
        return 0;
    }
    ERR_clear_error();
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    if (!ctx || SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1) {
        SSL_CTX_free(ctx);
        ERR_clear_error();
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "could not make a TLS context");
    }
    tls_set_options(ctx);
    if (tls_load(ctx, conf->tls.certificate, conf->tls.key, err) != 0) {
        SSL_CTX_free(ctx);
        return -1;
    }
    *ret = ctx;
    return 0;
}
