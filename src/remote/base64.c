/*
 * base64.c - decodes four characters at a time; anything else than base64 is refused.
 */
#include "base64_p.h"

#include <outlookfs/base/buf.h>

#include <errno.h>
#include <stdint.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int base64_decode(const char *text, struct buf *out)
{
    size_t len = strlen(text);

    if (len % 4)
        return -EINVAL;
    size_t padding = 0;
    while (padding < 2 && padding < len && text[len - 1 - padding] == '=')
        padding++;

    for (size_t i = 0; i < len; i += 4) {
        uint32_t bits = 0;
        size_t given = i + 4 < len ? 4 : 4 - padding;
        for (size_t k = 0; k < 4; k++) {
            const char *digit = k < given ? strchr(alphabet, text[i + k]) : alphabet;
            if (!digit)
                return -EINVAL;
            bits = bits << 6 | (uint32_t)(digit - alphabet);
        }
        const char bytes[3] = {(char)(bits >> 16), (char)(bits >> 8), (char)bits};
        int rc = buf_add(out, bytes, given - 1);
        if (rc)
            return rc;
    }
    return 0;
}
