/*
 * page_p.h - the files of the web page: what a person sees of the mailbox at the origin.
 *
 * They are written as they are served, in page/, and built into the program by embed.cmake. They
 * load nothing from elsewhere; the Content-Security-Policy says so to the browser, too.
 *
 * Threads: any; the files are constant.
 */
#ifndef SANDBOX_PAGE_P_H
#define SANDBOX_PAGE_P_H

#include <stddef.h>

struct answer;

struct page_file {
    const char *path; /* below the origin */
    const char *type;
    const unsigned char *data;
    const size_t *len;
};

/* NULL: the path is none of the page's. */
const struct page_file *page_find(const char *method, const char *path);
void page_answer(const struct page_file *file, struct answer *ans);

#endif
