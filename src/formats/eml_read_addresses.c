/*
 * eml_read_addresses.c - who a mail goes to, by its headers or by an envelope.
 */
#include <outlookfs/formats/eml.h>

#include "eml_read_p.h"
#include "formats_p.h"

#include <outlookfs/base/buf.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>

#include <errno.h>
#include <string.h>

enum { TO, CC, BCC, LISTS };

static const char *const names[LISTS] = {"To", "Cc", "Bcc"};
static const GMimeAddressType types[LISTS] = {GMIME_ADDRESS_TYPE_TO, GMIME_ADDRESS_TYPE_CC,
                                              GMIME_ADDRESS_TYPE_BCC};

/* Lists of strings, each owned by the array. */
struct recipients {
    GPtrArray *lists[LISTS];
};

static void init(struct recipients *r)
{
    for (int i = 0; i < LISTS; i++)
        r->lists[i] = g_ptr_array_new_with_free_func(g_free);
}

static void release(struct recipients *r)
{
    for (int i = 0; i < LISTS; i++)
        g_ptr_array_free(r->lists[i], TRUE);
}

static bool in_list(const GPtrArray *list, const char *address)
{
    for (guint i = 0; i < list->len; i++) {
        if (g_ascii_strcasecmp(g_ptr_array_index(list, i), address) == 0)
            return true;
    }
    return false;
}

/* The first list that has it, or LISTS. */
static int list_of(const struct recipients *r, const char *address)
{
    int i = 0;

    while (i < LISTS && !in_list(r->lists[i], address))
        i++;
    return i;
}

/* The service's lists are separated by ';' and know no quotes. */
static int check_address(const char *address, struct buf *err)
{
    if (!text_has(address))
        return buf_fail(err, -EINVAL, "a recipient is empty");
    for (const char *p = address; *p; p++) {
        if ((unsigned char)*p <= ' ' || *p == 0x7f || strchr(";,<>", *p))
            return buf_fail(err, -EINVAL, "the service cannot send to \"%s\"", address);
    }
    return str_is_utf8(address, strlen(address))
               ? 0
               : buf_fail(err, -EINVAL, "a recipient's address is not UTF-8");
}

static int add(struct recipients *r, int list, const char *address, struct buf *err)
{
    int rc = check_address(address, err);

    if (!rc && list_of(r, address) == LISTS)
        g_ptr_array_add(r->lists[list], g_strdup(address));
    return rc;
}

/* Groups count as their members. */
static int add_header(struct recipients *r, int list, InternetAddressList *addresses,
                      struct buf *err)
{
    int rc = 0;

    for (int i = 0; addresses && !rc && i < internet_address_list_length(addresses); i++) {
        InternetAddress *address = internet_address_list_get_address(addresses, i);

        if (INTERNET_ADDRESS_IS_GROUP(address))
            rc = add_header(r, list, INTERNET_ADDRESS_GROUP(address)->members, err);
        else
            rc = add(r, list, internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(address)),
                     err);
    }
    return rc;
}

static int from_headers(GMimeMessage *mail, struct recipients *r, struct buf *err)
{
    int rc = 0;

    for (int i = 0; i < LISTS && !rc; i++)
        rc = add_header(r, i, g_mime_message_get_addresses(mail, types[i]), err);
    return rc;
}

/* "<a@b>" is how some write it. */
static char *bare(const char *recipient)
{
    char *address = g_strstrip(g_strdup(recipient));
    size_t n = strlen(address);

    if (n >= 2 && address[0] == '<' && address[n - 1] == '>') {
        memmove(address, address + 1, n - 2);
        address[n - 2] = '\0';
    }
    return address;
}

/* A recipient is shown where the headers show it, and hidden where they do not. */
static int from_envelope(const char *const *addresses, const struct recipients *shown,
                         struct recipients *r, struct buf *err)
{
    int rc = 0;

    for (; *addresses && !rc; addresses++) {
        char *address = bare(*addresses);
        int list = list_of(shown, address);

        rc = add(r, list == LISTS ? BCC : list, address, err);
        g_free(address);
    }
    return rc;
}

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
    return add(r, TO, owner, err);
}

static void add_member(struct cJSON *obj, const char *name, const GPtrArray *list)
{
    GString *joined;

    if (list->len == 0)
        return;
    joined = g_string_new(g_ptr_array_index(list, 0));
    for (guint i = 1; i < list->len; i++) {
        g_string_append_c(joined, ';');
        g_string_append(joined, g_ptr_array_index(list, i));
    }
    cJSON_AddStringToObject(obj, name, joined->str);
    g_string_free(joined, TRUE);
}

/* One of the headers that name who sends or is answered. */
static int add_own(struct cJSON *obj, const char *name, InternetAddressList *addresses,
                   struct buf *err)
{
    struct recipients r;
    int rc;

    init(&r);
    rc = add_header(&r, TO, addresses, err);
    if (!rc)
        add_member(obj, name, r.lists[TO]);
    release(&r);
    return rc;
}

static int add_from(GMimeMessage *mail, const struct eml_envelope *envelope, struct cJSON *obj,
                    struct buf *err)
{
    char *from;
    int rc;

    if (!envelope)
        return add_own(obj, "From", g_mime_message_get_from(mail), err);
    if (!envelope->from)
        return 0;
    from = bare(envelope->from);
    rc = check_address(from, err);
    if (!rc)
        cJSON_AddStringToObject(obj, "From", from);
    g_free(from);
    return rc;
}

int eml_read_addresses(GMimeMessage *mail, const struct eml_envelope *envelope, struct cJSON *obj,
                       struct buf *err)
{
    bool by_headers = !envelope || !envelope->recipients;
    struct recipients shown, r;
    int rc;

    init(&shown);
    init(&r);
    rc = from_headers(mail, by_headers ? &r : &shown, err);
    if (!rc && !by_headers)
        rc = from_envelope(envelope->recipients, &shown, &r, err);
    if (!rc)
        rc = need_to(&r, envelope ? envelope->owner : NULL, err);
    for (int i = 0; i < LISTS && !rc; i++)
        add_member(obj, names[i], r.lists[i]);
    if (!rc)
        rc = add_from(mail, envelope, obj, err);
    if (!rc)
        rc = add_own(obj, "ReplyTo", g_mime_message_get_reply_to(mail), err);
    release(&shown);
    release(&r);
    return rc;
}
