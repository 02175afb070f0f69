/*
 * json_file.h - a JSON text in a file, in memory once when it is parsed.
 *
 * A mail with its attachments is a small text around long strings of base64. What is read here is
 * the text without those: a string of more than JSON_FILE_KEPT characters, all of the base64
 * alphabet, stays in the file and goes from there into its place in the parsed object. Every other
 * string is in memory twice while it is parsed.
 *
 *     struct json_file f;
 *     int rc = json_file_read(&f, fd);
 *     if (!rc)
 *         rc = json_file_parse(&f, false, &obj, err);
 *     json_file_release(&f);
 *
 * The file may change meanwhile, or even become shorter: the result is -EBUSY, or one of the texts
 * that were there.
 *
 * Threads: owner only.
 */
#ifndef OUTLOOKFS_BASE_JSON_FILE_H
#define OUTLOOKFS_BASE_JSON_FILE_H

#include <outlookfs/base/buf.h>
#include <outlookfs/base/json.h>

#define JSON_FILE_KEPT 4096

struct json_gap;

struct json_file {
    int fd;                /* not owned */
    struct buf text;       /* with "" for each string that stays in the file */
    struct json_gap *gaps; /* in the order of the text */
    size_t ngaps;
};

/* From the beginning of the file, whatever its offset. 0, -EFBIG over JSON_TEXT_MAX, -EBUSY or what
 * reading gives; json_file_release() in any case. */
int json_file_read(struct json_file *ret, int fd);
void json_file_release(struct json_file *f);

/* As json_scan() of the whole text. */
enum json_shape json_file_scan(const struct json_file *f, struct json_where *where);

/* As json_parse_object() of the whole text, with `mend` what json_parse_mended() mends; moreover
 * what reading gives. */
int json_file_parse(const struct json_file *f, bool mend, cJSON **ret, struct buf *err);

#endif
