/*
 * page.c - serves the files of page/.
 */
#include "page_p.h"

#include "answer_p.h"

#include <outlookfs/base/alloc.h>
#include <string.h>

#define POLICY                                                                                     \
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "                \
    "img-src 'self'; frame-src 'self'; form-action 'none'; base-uri 'none'; "                      \
    "frame-ancestors 'none'"

/* Made by embed.cmake from the files of these names. */
extern const unsigned char page_index_html[], page_style_css[], page_app_js[], page_icon_svg[];
extern const size_t page_index_html_len, page_style_css_len, page_app_js_len, page_icon_svg_len;

static const struct page_file files[] = {
    {"/", ANSWER_HTML, page_index_html, &page_index_html_len},
    {"/_page/style.css", "text/css; charset=utf-8", page_style_css, &page_style_css_len},
    {"/_page/app.js", "text/javascript; charset=utf-8", page_app_js, &page_app_js_len},
    {"/_page/icon.svg", "image/svg+xml", page_icon_svg, &page_icon_svg_len},
};

const struct page_file *page_find(const char *method, const char *path)
{
    if (strcmp(method, "GET"))
        return NULL;
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        if (!strcmp(files[i].path, path))
            return &files[i];
    }
    return NULL;
}

void page_answer(const struct page_file *file, struct answer *ans)
{
    answer_bytes(ans, file->data, *file->len, file->type);
    answer_header(ans, "Content-Security-Policy", POLICY);
    answer_header(ans, "X-Content-Type-Options", "nosniff");
    answer_header(ans, "Referrer-Policy", "no-referrer");
}
