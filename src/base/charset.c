/*
 * charset.c - text of any charset as UTF-8.
 */
#include <outlookfs/base/charset.h>

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/str.h>

#include "utf8_p.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include <unicode/ucnv.h>
#include <unicode/ucnv_cb.h>

#define PIECE 4096
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

/* --- names --- */

/* https://encoding.spec.whatwg.org/#names-and-labels, where it differs from ICU: by ICU's name of
 * the converter that a label means to it, or by a label that it does not know. */
static const struct {
    const char *name, *meant;
} readings[] = {
    {"ISO-8859-1", "windows-1252"},
    {"ibm-920_P100-1995", "windows-1254"}, /* iso-8859-9 */
    {"iso-8859_11-2001", "windows-874"},
    {"dos-874", "windows-874"},
    {"ibm-1383_P110-1999", "gb18030"},            /* gb2312 */
    {"ibm-5478_P100-1995", "gb18030"},            /* gb_2312-80 */
    {"windows-936-2000", "gb18030"},              /* gbk */
    {"ibm-970_P110_P110-2006_U2", "windows-949"}, /* euc-kr */
    {"ibm-949_P110-1999", "windows-949"},         /* cp949 */
    {"uhc", "windows-949"},
    {"windows-950-2000", "Big5-HKSCS"},  /* big5 */
    {"ibm-950_P110-1999", "Big5-HKSCS"}, /* cp950 */
    {"iso-2022-jp-ms", "ISO-2022-JP"},
    {"cp50220", "ISO-2022-JP"},
    {"cp50221", "ISO-2022-JP"},
    {"eucjp-ms", "EUC-JP"},
    {"unicode-1-1-utf-8", "UTF-8"},
};

static const char *reading_of(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(readings); i++) {
        if (!strcasecmp(readings[i].name, name))
            return readings[i].meant;
    }
    return NULL;
}

static UConverter *open_converter(const char *name)
{
    UErrorCode status = U_ZERO_ERROR;
    UConverter *converter = ucnv_open(name, &status);

    return U_SUCCESS(status) ? converter : NULL;
}

/* NULL: none, or one of those that are not always true. ICU takes no name for its own default, and
 * options behind a comma: neither is a label. */
static UConverter *converter_of(const char *label)
{
    const char *meant = label && *label && !strchr(label, ',') ? reading_of(label) : NULL;
    UErrorCode status = U_ZERO_ERROR;
    UConverter *converter;

    if (!label || !*label || strchr(label, ','))
        return NULL;
    converter = open_converter(meant ? meant : label);
    if (!converter)
        return NULL;
    const char *name = ucnv_getName(converter, &status);
    meant = reading_of(name);
    if (!meant && strcmp(name, "US-ASCII") != 0 && strcmp(name, "UTF-8") != 0)
        return converter;
    ucnv_close(converter);
    return meant ? open_converter(meant) : NULL;
}

/* Characters beyond ASCII that are UTF-8 against bytes that are not: where UTF-8 is promised, one of
 * them proves it. */
static bool looks_like_utf8(const char *text, size_t n, bool promised)
{
    size_t good = 0, bad = 0, right;

    while (n) {
        size_t length = utf8_step((const unsigned char *)text, n, &right);

        good += length > 1;
        bad += length == 0;
        length = length ? length : 1;
        text += length;
        n -= length;
    }
    return bad == 0 || good > (promised ? 0 : bad);
}

/* --- conversion --- */

/* Of each sequence that is wrong or means nothing, whatever the charset's own replacement is. Two
 * escape sequences of ISO-2022 in a row, which ICU calls irregular, are the seam of two texts. `ctx`: the charset is GBK, where 80 is the euro
 * sign to browsers. */
static void replace(const void *ctx, UConverterToUnicodeArgs *args, const char *bytes, int32_t n,
                    UConverterCallbackReason reason, UErrorCode *status)
{
    static const UChar euro = 0x20ac, replacement = 0xfffd;
    bool is_euro = ctx && n == 1 && *bytes == '\x80';

    if (reason > UCNV_IRREGULAR)
        return;
    *status = U_ZERO_ERROR;
    if (reason == UCNV_IRREGULAR)
        return;
    ucnv_cbToUWriteUChars(args, is_euro ? &euro : &replacement, 1, 0, status);
}

static int add_without_nul(struct buf *out, const char *p, size_t n)
{
    int rc = 0;

    while (n && !rc) {
        const char *nul = memchr(p, '\0', n);
        size_t run = nul ? (size_t)(nul - p) : n;

        rc = buf_add(out, p, run);
        run += nul != NULL;
        p += run;
        n -= run;
    }
    return rc;
}

static int convert(struct buf *out, UConverter *from, UConverter *to, const char *text, size_t n)
{
    UChar pivot[PIECE], *read = pivot, *write = pivot;
    UErrorCode status = U_BUFFER_OVERFLOW_ERROR;
    const char *end = text + n;
    char piece[PIECE];
    bool first = true;
    int rc = 0;

    while (!rc && status == U_BUFFER_OVERFLOW_ERROR) {
        char *at = piece;

        status = U_ZERO_ERROR;
        ucnv_convertEx(to, from, &at, piece + PIECE, &text, end, pivot, &read, &write,
                       pivot + PIECE, first, true, &status);
        first = false;
        rc = add_without_nul(out, piece, (size_t)(at - piece));
    }
    return rc;
}

static void drop_mark(struct buf *out, size_t before)
{
    size_t n = strlen(BYTE_ORDER_MARK);

    if (!str_starts(out->data + before, BYTE_ORDER_MARK))
        return;
    memmove(out->data + before, out->data + before + n, out->len - before - n);
    buf_truncate(out, out->len - n);
}

int charset_decode(struct buf *out, const char *text, size_t n, const char *label)
{
    UConverter *from = converter_of(label), *to = open_converter("UTF-8");
    UErrorCode status = U_ZERO_ERROR;
    size_t before = out->len;

    if (!from) {
        bool promised = label && (!strcasecmp(label, "utf-8") || !strcasecmp(label, "utf8"));

        from = open_converter(looks_like_utf8(text, n, promised) ? "UTF-8" : "windows-1252");
    }
    bool gbk = str_eq(ucnv_getName(from, &status), "gb18030");
    ucnv_setToUCallBack(from, replace, gbk ? from : NULL, NULL, NULL, &status);
    int rc = convert(out, from, to, text, n);
    drop_mark(out, before);
    ucnv_close(from);
    ucnv_close(to);
    return rc;
}
