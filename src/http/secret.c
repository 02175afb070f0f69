/*
 * secret.c - libsecret's calls, made with a time limit and without what a daemon must not have:
 * threads that take signals, and a bus whose end ends the process.
 */
#include "secret_p.h"

#include <errno.h>

#ifdef OUTLOOKFS_LIBSECRET

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/cancel.h>

#include <gio/gio.h>
#include <libsecret/secret.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const SecretSchema schema = {
    "org.outlookfs.Login",
    SECRET_SCHEMA_NONE,
    {
        {"login-url", SECRET_SCHEMA_ATTRIBUTE_STRING},
        {"tenant", SECRET_SCHEMA_ATTRIBUTE_STRING},
        {"client-id", SECRET_SCHEMA_ATTRIBUTE_STRING},
        {"resource", SECRET_SCHEMA_ATTRIBUTE_STRING},
        {NULL, 0},
    },
};

/* Otherwise GLib would start a bus of its own. */
bool secret_available(void)
{
    const char *address = getenv("DBUS_SESSION_BUS_ADDRESS"), *run = getenv("XDG_RUNTIME_DIR");

    if (address && *address)
        return true;
    if (!run || *run != '/')
        return false;
    SCOPED(xfree) char *path = xasprintf("%s/bus", run);
    return access(path, R_OK | W_OK) == 0;
}

/* --- one asynchronous call, waited for --- */

struct call {
    GMainContext *context;
    GCancellable *cancellable;
    GAsyncResult *result; /* NULL: not yet */
    struct cancel *cancel;
    int64_t until; /* clock_mono() */
    sigset_t signals;
};

static void on_done(GObject *, GAsyncResult *result, gpointer ctx)
{
    struct call *call = ctx;

    call->result = g_object_ref(result);
}

static gboolean on_tick(gpointer ctx)
{
    struct call *call = ctx;

    if (cancel_fired(call->cancel) || clock_mono() >= call->until)
        g_cancellable_cancel(call->cancellable);
    return G_SOURCE_CONTINUE;
}

/* GLib starts threads here; no signal is for them. */
static void call_begin(struct call *call, struct cancel *cancel)
{
    sigset_t all;

    *call = (struct call){.cancel = cancel, .until = clock_mono() + SECRET_LIMIT};
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &call->signals);
    call->context = g_main_context_new();
    call->cancellable = g_cancellable_new();
    g_main_context_push_thread_default(call->context);
}

static void call_wait(struct call *call)
{
    GSource *tick = g_timeout_source_new((guint)(CANCEL_SLICE / NS_PER_MS));

    g_source_set_callback(tick, on_tick, call, NULL);
    g_source_attach(tick, call->context);
    while (!call->result)
        g_main_context_iteration(call->context, TRUE);
    g_source_destroy(tick);
    g_source_unref(tick);
}

static void call_end(struct call *call)
{
    g_clear_object(&call->result);
    while (g_main_context_iteration(call->context, FALSE))
        ;
    g_main_context_pop_thread_default(call->context);
    g_main_context_unref(call->context);
    g_object_unref(call->cancellable);
    pthread_sigmask(SIG_SETMASK, &call->signals, NULL);
}

static int fail(struct call *call, GError *error, struct buf *err)
{
    int rc = -EACCES;

    if (cancel_fired(call->cancel))
        rc = buf_fail(err, -EINTR, "cancelled");
    else if (clock_mono() >= call->until)
        buf_fail(err, rc, "the keyring did not answer within %d s: is it locked?",
                 (int)(SECRET_LIMIT / NS_PER_S));
    else
        buf_fail(err, rc, "the keyring: %s", error ? error->message : "it does not answer");
    g_clear_error(&error);
    return rc;
}

/* GLib ends a process whose session bus goes away, unless told not to. */
static int connect_bus(struct call *call, struct buf *err)
{
    GError *error = NULL;
    GDBusConnection *bus;

    g_bus_get(G_BUS_TYPE_SESSION, call->cancellable, on_done, call);
    call_wait(call);
    bus = g_bus_get_finish(call->result, &error);
    g_clear_object(&call->result);
    if (!bus)
        return fail(call, error, err);
    g_dbus_connection_set_exit_on_close(bus, FALSE);
    g_object_unref(bus);
    return 0;
}

static GHashTable *attributes(const struct login_key *key)
{
    return secret_attributes_build(&schema, "login-url", key->login_url, "tenant", key->tenant,
                                   "client-id", key->client_id, "resource", key->resource, NULL);
}

int secret_put(const struct login_key *key, const char *text, struct cancel *cancel,
               struct buf *err)
{
    GHashTable *where = attributes(key);
    GError *error = NULL;
    struct call call;

    call_begin(&call, cancel);
    int rc = connect_bus(&call, err);
    if (!rc) {
        secret_password_storev(&schema, where, SECRET_COLLECTION_DEFAULT, "outlookfs", text,
                               call.cancellable, on_done, &call);
        call_wait(&call);
        if (!secret_password_store_finish(call.result, &error))
            rc = fail(&call, error, err);
    }
    call_end(&call);
    g_hash_table_unref(where);
    return rc;
}

int secret_get(const struct login_key *key, struct cancel *cancel, struct buf *out, struct buf *err)
{
    GHashTable *where = attributes(key);
    GError *error = NULL;
    gchar *text = NULL;
    struct call call;

    call_begin(&call, cancel);
    int rc = connect_bus(&call, err);
    if (!rc) {
        secret_password_lookupv(&schema, where, call.cancellable, on_done, &call);
        call_wait(&call);
        text = secret_password_lookup_nonpageable_finish(call.result, &error);
        if (error)
            rc = fail(&call, error, err);
        else
            rc = text ? buf_addstr(out, text)
                      : buf_fail(err, -ENOENT, "the keyring has no such login");
    }
    secret_password_free(text);
    call_end(&call);
    g_hash_table_unref(where);
    return rc;
}

int secret_remove(const struct login_key *key, struct cancel *cancel, struct buf *err)
{
    GHashTable *where = attributes(key);
    GError *error = NULL;
    struct call call;

    call_begin(&call, cancel);
    int rc = connect_bus(&call, err);
    if (!rc) {
        secret_password_clearv(&schema, where, call.cancellable, on_done, &call);
        call_wait(&call);
        secret_password_clear_finish(call.result, &error);
        if (error)
            rc = fail(&call, error, err);
    }
    call_end(&call);
    g_hash_table_unref(where);
    return rc;
}

#else /* built without libsecret: tokens are kept in files */

bool secret_available(void)
{
    return false;
}

int secret_put(const struct login_key *, const char *, struct cancel *, struct buf *err)
{
    return buf_fail(err, -EACCES, "this program was built without libsecret");
}

int secret_get(const struct login_key *key, struct cancel *cancel, struct buf *, struct buf *err)
{
    return secret_put(key, "", cancel, err);
}

int secret_remove(const struct login_key *key, struct cancel *cancel, struct buf *err)
{
    return secret_put(key, "", cancel, err);
}

#endif
