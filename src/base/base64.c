/*
 * base64.c - three bytes and four characters at a time; the last group may be shorter.
 */
#include <outlookfs/base/base64.h>

#include <outlookfs/base/buf.h>

#include <errno.h>
#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int base64_encode(struct buf *out, const void *p, size_t n)
{
    const unsigned char *in = p;
    size_t before = out->len;

    for (size_t i = 0; i < n; i += 3) {
        size_t left = n - i;
        unsigned bits = (unsigned)in[i] << 16;
        char four[4];

        if (left > 1)
            bits |= (unsigned)in[i + 1] << 8;
        if (left > 2)
            bits |= in[i + 2];
        four[0] = digits[bits >> 18];
        four[1] = digits[bits >> 12 & 63];
        four[2] = '=';
        four[3] = '=';
        if (left > 1)
            four[2] = digits[bits >> 6 & 63];
        if (left > 2)
            four[3] = digits[bits & 63];
        int rc = buf_add(out, four, sizeof(four));
        if (rc) {
            buf_truncate(out, before);
            return rc;
        }
    }
    return 0;
}

int base64_decode(struct buf *out, const char *text, size_t n)
{
    size_t given = strnlen(text, n);

    while (given && text[given - 1] == '=')
        given--;
    if (given % 4 == 1)
        return -EINVAL;
    for (size_t i = 0; i < given; i += 4) {
        size_t left = given - i < 4 ? given - i : 4;
        unsigned bits = 0;

        for (size_t k = 0; k < 4; k++) {
            const char *digit = k < left ? strchr(digits, text[i + k]) : digits;

            if (!digit)
                return -EINVAL;
            bits = bits << 6 | (unsigned)(digit - digits);
        }
        const char bytes[3] = {(char)(bits >> 16), (char)(bits >> 8), (char)bits};
        int rc = buf_add(out, bytes, left - 1);
        if (rc)
            return rc;
    }
    return 0;
}

int base64_size(const char *text, size_t *ret)
{
    size_t n = strspn(text, digits), pad = strspn(text + n, "=");

    if (text[n + pad] || pad > 2 || (n + pad) % 4)
        return -EINVAL;
    *ret = (n + pad) / 4 * 3 - pad;
    return 0;
}
