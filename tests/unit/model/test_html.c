#include "support.h"

#include <outlookfs/model/html.h>

#include <errno.h>

static void assert_text(const char *html, const char *expected)
{
    struct buf out;

    buf_init(&out, BUF_TEXT_MAX);
    assert_int_equal(html_text(html, &out), 0);
    assert_string_equal(out.data, expected);
    buf_release(&out);
}

static void test_tags(void **state)
{
    (void)state;
    assert_text("plain", "plain");
    assert_text("<p>one</p><p>two</p>", " one  two ");
    assert_text("<b>B</b>erlin <SPAN class='x'>is</SPAN>", "Berlin is");
    assert_text("a<br>b<br/>c", "a b c");
    assert_text("<a href=\"x>y\">z</a>", "z");
    assert_text("<img alt='a > b'>c", " c");
    assert_text("<!DOCTYPE html><html>x", "  x");
}

static void test_silent(void **state)
{
    (void)state;
    assert_text("a<!-- <b>x</b> -->b", "ab");
    assert_text("a<style>p { color: x }</style>b", "a b");
    assert_text("a<SCRIPT type=x>if (a < b) \"</p>\"</Script >b", "a b");
    assert_text("a<style>x", "a ");
    assert_text("a<!-- x", "a");
}

static void test_no_tags(void **state)
{
    (void)state;
    assert_text("1 < 2 > 1", "1 < 2 > 1");
    assert_text("a <b", "a <b");
    assert_text("<", "<");
    assert_text("a <- b", "a <- b");
    assert_text("<p <b>x", "<p x");
}

static void test_references(void **state)
{
    (void)state;
    assert_text("&amp;&lt;p&gt;&quot;&apos;", "&<p>\"'");
    assert_text("Gr&uuml;&szlig;e&nbsp;x", "Gr\xc3\xbc\xc3\x9f"
                                           "e\xc2\xa0x");
    assert_text("&yuml;&Agrave;&euro;", "\xc3\xbf\xc3\x80\xe2\x82\xac");
    assert_text("&#228;&#xE4;&#x1F389;", "\xc3\xa4\xc3\xa4\xf0\x9f\x8e\x89");
    assert_text("&amp x", "& x");
    assert_text("a & b &nosuch; &#xD800; &#0; &#; &#x;", "a & b &nosuch; &#xD800; &#0; &#; &#x;");
    assert_text("&#99999999999;", "&#99999999999;");
}

static void test_full(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, 4);
    assert_int_equal(html_text("<p>longer</p>", &out), -ENOBUFS);
    buf_release(&out);
}

static void test_document(void **state)
{
    (void)state;
    assert_true(html_is_document("\r\n <HTML lang=de>"));
    assert_true(html_is_document("<!DOCTYPE html>"));
    assert_false(html_is_document("see <html>"));
    assert_false(html_is_document("<fritz@mail.example>"));
    assert_false(html_is_document(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tags),    cmocka_unit_test(test_silent),
        cmocka_unit_test(test_no_tags), cmocka_unit_test(test_references),
        cmocka_unit_test(test_full),    cmocka_unit_test(test_document),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
