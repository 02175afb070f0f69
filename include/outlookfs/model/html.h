/*
 * html.h - the text of an HTML document, to search it for words and to show it without HTML.
 *
 * Written here because the task is small and existing parsers are not: an HTML parser builds a tree of a
 * 4 MB mail only to tell which words are in it. Here tags are dropped, blocks separate words and inline
 * elements do not ("<b>B</b>erlin" is one word), comments, scripts and style sheets are left out,
 * and character references become characters. Whatever is not HTML passes through as text: nothing is
 * ever an error. It is not a renderer: no layout, no links.
 *
 * Threads: any.
 */
#ifndef OUTLOOKFS_MODEL_HTML_H
#define OUTLOOKFS_MODEL_HTML_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

/* Begins as a document does: "<html" or "<!doctype html", whatever the case, after white space. */
bool html_is_document(const char *text);

/* Adds the text of `html` to `out`, with `block` where a block begins or ends; -ENOBUFS when that is
 * full. White space of the source stays as it is. */
int html_text(const char *html, char block, struct buf *out);

/* Adds plain text as HTML that shows the same: characters escaped, lines and indentation kept.
 * -ENOBUFS when `out` is full. */
int html_from_text(const char *text, struct buf *out);

#endif
