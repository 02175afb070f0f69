/*
 * ids.c - builds the byte layouts behind the service's identifiers and encodes them.
 *
 * The layouts are those of the recorded ids: a client that assumes a length, an alphabet or a
 * shared prefix meets the same conditions here as at the service.
 */
#include "ids_p.h"

#include "text_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/str.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAILBOX "5f0c9a3e-71d2-4b86-9e0f-3ab47c81d6f2"

static const unsigned char provider[16] = {0x2e, 0x91, 0x44, 0xd0, 0x6b, 0xf3, 0x18, 0x4f,
                                           0xa7, 0x05, 0xbc, 0x39, 0x72, 0xee, 0x5d, 0x81};

/* The bytes fb ff b. stand at both alignments, so that every change key of either kind contains '+'
 * and '/'. */
static const unsigned char replica[16] = {0x4b, 0xfb, 0xff, 0xbd, 0x92, 0xd4, 0xfb, 0xff,
                                          0xb0, 0x85, 0xbd, 0xe7, 0x9d, 0xb2, 0x6d, 0xe1};

/* Where an item's id has the item's number. */
#define ITEM_NUMBER_AT 107

struct layout {
    unsigned char bytes[160];
    size_t len;
};

static void put(struct layout *l, const void *p, size_t n)
{
    memcpy(l->bytes + l->len, p, n);
    l->len += n;
}

static void put_u32(struct layout *l, uint32_t n)
{
    unsigned char b[4] = {n >> 24, n >> 16, n >> 8, n};

    put(l, b, sizeof(b));
}

static void put_mailbox(struct layout *l, unsigned char kind, unsigned char part)
{
    unsigned char head[4] = {0, kind, 0x24, 0};
    unsigned char tail[2] = {0, part};

    put(l, head, sizeof(head));
    put(l, MAILBOX, strlen(MAILBOX));
    put(l, tail, sizeof(tail));
}

char *ids_item(uint32_t folder, uint32_t item)
{
    struct layout l = {.len = 0};

    put_mailbox(&l, 3, 0x46);
    put(&l, "\0\0\0\0\0", 5);
    put(&l, provider, sizeof(provider));
    put(&l, "\x07\0", 2);
    put(&l, replica, sizeof(replica));
    put_u32(&l, 0);
    put_u32(&l, folder << 16);
    put(&l, replica, sizeof(replica));
    put(&l, "\0\0", 2);
    put_u32(&l, item);
    put(&l, "\0\0", 2);
    return text_base64(l.bytes, l.len, TEXT_BASE64_URL);
}

bool ids_item_number(const char *id, uint32_t *ret)
{
    char *standard = xstrdup(id);
    struct buf bytes;
    bool ok;

    for (char *p = standard; *p; p++)
        *p = *p == '-' ? '+' : *p == '_' ? '/' : *p;
    buf_init(&bytes, sizeof(((struct layout *)NULL)->bytes));
    ok = strlen(id) == IDS_ITEM_LEN && !text_base64_decode(&bytes, standard) &&
         bytes.len == ITEM_NUMBER_AT + 6;
    if (ok) {
        const unsigned char *p = (const unsigned char *)bytes.data + ITEM_NUMBER_AT;

        *ret = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
    }
    buf_release(&bytes);
    free(standard);
    return ok;
}

char *ids_folder(uint32_t folder)
{
    struct layout l = {.len = 0};

    put_mailbox(&l, 3, 0x2e);
    put(&l, "\0\0\0\0\0", 5);
    put(&l, provider, sizeof(provider));
    put(&l, "\x01\0", 2);
    put(&l, replica, sizeof(replica));
    put_u32(&l, 0);
    put_u32(&l, folder << 16);
    return text_base64(l.bytes, l.len, TEXT_BASE64_URL);
}

/* Continues the message's bytes: their last two (always zero) share a base64 group with what
 * follows. */
char *ids_attachment(const char *message_id, uint32_t attachment)
{
    struct layout l = {.len = 0};
    char *tail, *id;

    put(&l, "\0\0\x01\x12\0\x10\0", 7);
    put(&l, provider, 12);
    put_u32(&l, attachment);
    tail = text_base64(l.bytes, l.len, TEXT_BASE64_URL);
    id = xasprintf("%.148s%s", message_id, tail);
    free(tail);
    return id;
}

char *ids_conversation(uint32_t number)
{
    struct layout l = {.len = 0};

    put_mailbox(&l, 4, 0x10);
    put(&l, "\0", 1);
    put(&l, provider, 12);
    put_u32(&l, number);
    return text_base64(l.bytes, l.len, TEXT_BASE64_URL);
}

static void put_change_key(struct layout *l, uint32_t version)
{
    put(l, replica, sizeof(replica));
    put(l, "\0\0", 2);
    put_u32(l, version);
}

char *ids_event_change_key(uint32_t version)
{
    struct layout l = {.len = 0};

    put_change_key(&l, version);
    return text_base64(l.bytes, l.len, TEXT_BASE64_STANDARD);
}

char *ids_contact_change_key(uint32_t version)
{
    struct layout l = {.len = 0};

    put(&l, "\x11\0\0\0\x16\0\0\0", 8);
    put_change_key(&l, version);
    return text_base64(l.bytes, l.len, TEXT_BASE64_STANDARD);
}

char *ids_ical(uint32_t item)
{
    uint64_t hash = str_hash(item, provider, sizeof(provider));

    return xasprintf("040000008200E00074C5B7101A82E00800000000%016llX"
                     "000000000000000010000000%016llX%08X%08X",
                     (unsigned long long)hash, (unsigned long long)(hash * 0x9e3779b97f4a7c15ULL),
                     item, ~item);
}

char *ids_guid(uint64_t number)
{
    uint64_t a = str_hash(0, &number, sizeof(number));
    uint64_t b = str_hash(a, provider, sizeof(provider));

    return xasprintf("%08x-%04x-%04x-%04x-%012llx", (unsigned)(a >> 32),
                     (unsigned)(a >> 16) & 0xffff, (unsigned)a & 0xffff, (unsigned)(b >> 48),
                     (unsigned long long)(b & 0xffffffffffffULL));
}
