/*
 * eml_read_addresses.c - who a mail goes to, by its headers or by an envelope.
 */
#include <outlookfs/formats/eml.h>

#include "eml_read_p.h"
#include "header_p.h"

#include <outlookfs/base/buf.h>
#include <outlookfs/base/json.h>

#include <errno.h>
#include <string.h>

enum { TO, CC, BCC, LISTS };

static const char *const names[LISTS] = {"To", "Cc", "Bcc"};

/* Each address is in one list, which owns it. */
struct recipients {
    GPtrArray *lists[LISTS];
    GHashTable *where; /* in small letters: its list, counted from 1 */
};

static void init(struct recipients *r)
{
    for (int i = 0; i < LISTS; i++)
        r->lists[i] = g_ptr_array_new_with_free_func(g_free);
    r->where = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

static void release(struct recipients *r)
{
    for (int i = 0; i < LISTS; i++)
        g_ptr_array_free(r->lists[i], TRUE);
    g_hash_table_destroy(r->where);
}

/* The list that has it, or LISTS. */
static int list_of(const struct recipients *r, const char *address)
{
    g_autofree char *key = g_ascii_strdown(address, -1);
    int list = GPOINTER_TO_INT(g_hash_table_lookup(r->where, key));

    return list ? list - 1 : LISTS;
}

/* Unless one of the lists has it. */
static void add(struct recipients *r, int list, const char *address)
{
    if (list_of(r, address) != LISTS)
        return;
    g_ptr_array_add(r->lists[list], g_strdup(address));
    g_hash_table_insert(r->where, g_ascii_strdown(address, -1), GINT_TO_POINTER(list + 1));
}

/* The name of a user of this machine is not an address anywhere else: its mail goes to the owner. */
static const char *with_host(const char *address, const struct eml_envelope *envelope,
                             struct buf *err, int *rc)
{
    *rc = 0;
    if (strchr(address, '@'))
        return address;
    if (envelope && envelope->owner)
        return envelope->owner;
    *rc = buf_fail(err, envelope ? -EDESTADDRREQ : -EINVAL, "%s: not an address with a host",
                   address);
    return NULL;
}

/* --- headers --- */

/* Of all headers of this name; there should be one. */
static int read_header(GMimeMessage *mail, const char *name, GPtrArray *ret, struct buf *err)
{
    GMimeHeaderList *headers = g_mime_object_get_header_list(GMIME_OBJECT(mail));
    int rc = 0;

    for (int i = 0; i < g_mime_header_list_get_count(headers) && !rc; i++) {
        GMimeHeader *header = g_mime_header_list_get_header_at(headers, i);

        if (g_ascii_strcasecmp(g_mime_header_get_name(header), name) == 0)
            rc = header_addresses(g_mime_header_get_raw_value(header), ret, err);
    }
    return rc;
}

static int from_headers(GMimeMessage *mail, const struct eml_envelope *envelope,
                        struct recipients *r, struct buf *err)
{
    int rc = 0;

    for (int i = 0; i < LISTS && !rc; i++) {
        GPtrArray *read = g_ptr_array_new_with_free_func(g_free);

        rc = read_header(mail, names[i], read, err);
        for (guint k = 0; k < read->len && !rc; k++) {
            const char *address = with_host(g_ptr_array_index(read, k), envelope, err, &rc);

            if (address)
                add(r, i, address);
        }
        g_ptr_array_free(read, TRUE);
    }
    return rc;
}

/* --- the envelope --- */

/* A recipient is shown where the headers show it, and hidden where they do not. */
static int from_envelope(const struct eml_envelope *envelope, const struct recipients *shown,
                         struct recipients *r, struct buf *err)
{
    g_autoptr(GPtrArray) read = g_ptr_array_new_with_free_func(g_free);
    int rc = 0;

    for (const char *const *text = envelope->recipients; *text && !rc; text++)
        rc = header_addresses(*text, read, err);
    for (guint i = 0; i < read->len && !rc; i++) {
        const char *address = with_host(g_ptr_array_index(read, i), envelope, err, &rc);

        int list = address ? list_of(shown, address) : LISTS;

        if (address)
            add(r, list == LISTS ? BCC : list, address);
    }
    return rc;
}

/* Headers that only show who gets the mail need not be readable. */
static int find_recipients(GMimeMessage *mail, const struct eml_envelope *envelope,
                           struct recipients *r, struct buf *err)
{
    bool given = envelope && envelope->recipients;
    struct recipients shown;
    int rc = 0;

    if (!given || envelope->headers_count)
        rc = from_headers(mail, envelope, r, err);
    if (rc || !given)
        return rc;
    init(&shown);
    from_headers(mail, envelope, &shown, NULL);
    rc = from_envelope(envelope, &shown, r, err);
    release(&shown);
    return rc;
}

/* --- what the service wants --- */

static void take_out(GPtrArray *list, const char *address)
{
    for (guint i = 0; i < list->len; i++) {
        if (g_ascii_strcasecmp(g_ptr_array_index(list, i), address) == 0) {
            g_ptr_array_remove_index(list, i);
            return;
        }
    }
}

static void swap(struct recipients *r, int a, int b)
{
    GPtrArray *list = r->lists[a];

    r->lists[a] = r->lists[b];
    r->lists[b] = list;
}

/* The service wants a To: somebody who is seen anyway, or by nobody else, or the owner. */
static int need_to(struct recipients *r, const char *owner, struct buf *err)
{
    if (r->lists[TO]->len > 0)
        return 0;
    if (r->lists[CC]->len > 0 || r->lists[BCC]->len == 1) {
        swap(r, TO, r->lists[CC]->len ? CC : BCC);
        return 0;
    }
    if (r->lists[BCC]->len == 0)
        return buf_fail(err, -EINVAL, "there is nobody to send it to");
    if (!owner)
        return buf_fail(err, -EDESTADDRREQ,
                        "all recipients are hidden ones (Bcc): the service wants one in To");
    take_out(r->lists[BCC], owner);
    g_ptr_array_add(r->lists[TO], g_strdup(owner));
    return 0;
}

static void add_member(struct cJSON *obj, const char *name, const GPtrArray *list)
{
    g_autoptr(GString) joined = NULL;

    if (list->len == 0)
        return;
    joined = g_string_new(g_ptr_array_index(list, 0));
    for (guint i = 1; i < list->len; i++) {
        g_string_append_c(joined, ';');
        g_string_append(joined, g_ptr_array_index(list, i));
    }
    cJSON_AddStringToObject(obj, name, joined->str);
}

/* One of the headers that name who sends or is answered. */
static int add_own(GMimeMessage *mail, const char *header, const struct eml_envelope *envelope,
                   struct cJSON *obj, const char *name, struct buf *err)
{
    g_autoptr(GPtrArray) read = g_ptr_array_new_with_free_func(g_free);
    struct recipients own;
    int rc = read_header(mail, header, read, err);

    init(&own);
    for (guint i = 0; i < read->len && !rc; i++) {
        const char *address = with_host(g_ptr_array_index(read, i), envelope, err, &rc);

        if (address)
            add(&own, TO, address);
    }
    if (!rc)
        add_member(obj, name, own.lists[TO]);
    release(&own);
    return rc;
}

/* What programs give is often "<>" or the name of the user: then the mailbox sends as itself. */
static int add_sender(const char *from, struct cJSON *obj, struct buf *err)
{
    g_autoptr(GPtrArray) read = NULL;

    if (!from || !strchr(from, '@'))
        return 0;
    read = g_ptr_array_new_with_free_func(g_free);
    int rc = header_addresses(from, read, err);
    if (!rc)
        add_member(obj, "From", read);
    return rc;
}

int eml_read_addresses(GMimeMessage *mail, const struct eml_envelope *envelope, struct cJSON *obj,
                       struct buf *err)
{
    struct recipients r;

    init(&r);
    int rc = find_recipients(mail, envelope, &r, err);
    if (!rc)
        rc = need_to(&r, envelope ? envelope->owner : NULL, err);
    for (int i = 0; i < LISTS && !rc; i++)
        add_member(obj, names[i], r.lists[i]);
    if (!rc && envelope)
        rc = add_sender(envelope->from, obj, err);
    else if (!rc)
        rc = add_own(mail, "From", NULL, obj, "From", err);
    if (!rc)
        rc = add_own(mail, "Reply-To", envelope, obj, "ReplyTo", err);
    release(&r);
    return rc;
}
