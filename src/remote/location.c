/*
 * location.c - an address the service gave, as a path below the base URL.
 */
#include "remote_p.h"

#include <outlookfs/base/str.h>

#include <errno.h>
#include <string.h>

#define APIM "/apim/"

/* The path of an address with or without scheme and host; NULL when it has none. */
static const char *path_of(const char *address)
{
    const char *host = strstr(address, "://");

    if (!host || host > address + strcspn(address, "/?#"))
        return *address == '/' && address[1] != '/' ? address : NULL;
    return strchr(host + 3, '/');
}

/* Behind "/apim/<api>/<connection>", or the path as it is. */
static const char *skip_connection(const char *path)
{
    const char *p = path;

    if (!str_starts(path, APIM))
        return path;
    p += strlen(APIM);
    p = strchr(p, '/');
    p = p ? strchr(p + 1, '/') : NULL;
    return p ? p : path;
}

/* Nothing that changes where the request goes, and no dot segments. */
static bool is_clean(const char *path)
{
    size_t len = strcspn(path, "?");

    for (const char *p = path; *p; p++) {
        if (*p <= ' ' || *p >= 0x7f || strchr("#\\\"<>^`{|}", *p))
            return false;
    }
    for (const char *p = path; p < path + len;) {
        size_t n = strcspn(++p, "/?");

        if ((n == 1 && *p == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
            return false;
        p += n;
    }
    return true;
}

int location_path(const char *base_url, const char *location, struct buf *out)
{
    const char *base = path_of(base_url), *path = path_of(location);
    size_t len = base ? strlen(base) : 0;

    if (!path || !is_clean(path))
        return -EINVAL;
    if (len && !strncmp(path, base, len) && path[len] == '/')
        path += len;
    else
        path = skip_connection(path);
    return path[1] ? buf_addstr(out, path) : -EINVAL;
}
