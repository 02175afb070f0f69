#include "support.h"

#include <outlookfs/model/merge.h>

struct three {
    const char *base, *mine, *theirs;
    const char *merged;    /* NULL: a conflict */
    const char *conflicts; /* the text, then */
};

static void check_three(enum kind kind, const struct three *c)
{
    cJSON *base = object(c->base);
    cJSON *mine = object(c->mine);
    cJSON *theirs = object(c->theirs);
    struct buf conflicts;
    cJSON *merged;

    buf_init(&conflicts, BUF_TEXT_MAX);
    merged = merge_three(kind, base, mine, theirs, &conflicts);
    if (c->merged) {
        assert_json(merged, c->merged);
        assert_int_equal(conflicts.len, 0);
    } else {
        assert_null(merged);
        assert_string_equal(conflicts.data, c->conflicts);
        assert_null(merge_three(kind, base, mine, theirs, NULL));
    }
    buf_release(&conflicts);
    cJSON_Delete(base);
    cJSON_Delete(mine);
    cJSON_Delete(theirs);
    cJSON_Delete(merged);
}

static void test_three(void **state)
{
    static const struct three cases[] = {
        /* one side, both sides, neither */
        {"{'A':1,'B':1}", "{'A':2,'B':1}", "{'A':1,'B':3}", "{'A':2,'B':3}", NULL},
        {"{'A':1}", "{'A':2}", "{'A':2}", "{'A':2}", NULL},
        {"{'A':1}", "{'A':2}", "{'A':3}", NULL, "A"},
        /* added and removed members */
        {"{}", "{'A':1}", "{'B':2}", "{'B':2,'A':1}", NULL},
        {"{}", "{'A':1}", "{'A':2}", NULL, "A"},
        {"{'A':1,'B':1}", "{'B':1}", "{'A':1,'B':1}", "{'B':1}", NULL},
        {"{'A':1,'B':1}", "{'A':1,'B':1}", "{'B':1}", "{'B':1}", NULL},
        {"{'A':1}", "{}", "{}", "{}", NULL},
        {"{'A':1}", "{}", "{'A':2}", NULL, "A"},
        {"{'A':1}", "{'A':2}", "{}", NULL, "A"},
        /* absent, null, "" and [] are all "none"; theirs' spelling stays */
        {"{'A':null}", "{}", "{'A':null}", "{'A':null}", NULL},
        {"{'A':null}", "{}", "{'A':'x'}", "{'A':'x'}", NULL},
        {"{}", "{'A':null}", "{}", "{}", NULL},
        {"{'A':1}", "{'A':null}", "{'A':1}", "{'A':null}", NULL},
        {"{'A':1}", "{}", "{'A':null}", "{'A':null}", NULL},
        {"{'O':{'x':null}}", "{}", "{'O':{'x':null}}", "{'O':{'x':null}}", NULL},
        {"{'A':null}", "{'A':''}", "{'A':null}", "{'A':null}", NULL},
        {"{'A':'x'}", "{'A':null}", "{'A':''}", "{'A':''}", NULL},
        {"{'A':null}", "{'A':'x'}", "{'A':''}", "{'A':'x'}", NULL},
        {"{'L':null}", "{'L':null}", "{'L':[]}", "{'L':[]}", NULL},
        /* objects member by member */
        {"{'H':{'City':'a','Street':'b'}}", "{'H':{'City':'c','Street':'b'}}",
         "{'H':{'City':'a','Street':'d'}}", "{'H':{'City':'c','Street':'d'}}", NULL},
        {"{'M':1,'H':{'City':'a','X':{'y':1}}}", "{'M':2,'H':{'City':'b','X':{'y':2}}}",
         "{'M':3,'H':{'City':'c','X':{'y':3}}}", NULL, "M, H/City, H/X/y"},
        {"{}", "{'H':{'City':'a'}}", "{'H':{'Street':'b'}}", "{'H':{'Street':'b','City':'a'}}",
         NULL},
        {"{'H':{'City':'a'}}", "{'H':{}}", "{'H':{'City':'a','S':1}}", "{'H':{'S':1}}", NULL},
        {"{'H':{'City':'a'}}", "{'H':{'City':'b'}}", "{'H':null}", NULL, "H"},
        {"{'H':{'City':'a'}}", "{}", "{'H':{'City':'b'}}", NULL, "H"},
        {"{'H':{'City':'a'}}", "{'H':{'City':'a','S':1}}", "{'H':7}", NULL, "H"},
        /* arrays as a whole */
        {"{'L':[1]}", "{'L':[1,2]}", "{'L':[1]}", "{'L':[1,2]}", NULL},
        {"{'L':[1]}", "{'L':[1,2]}", "{'L':[0,1]}", NULL, "L"},
        {"{'L':[{'a':1,'b':null}]}", "{'L':[{'a':1}]}", "{'L':[{'a':2}]}", "{'L':[{'a':2}]}", NULL},
        /* types */
        {"{'A':1}", "{'A':'1'}", "{'A':true}", NULL, "A"},
        {"{'A':7}", "{'A':{'x':1}}", "{'A':{'y':1}}", NULL, "A"},
        {"{'A':false}", "{'A':true}", "{'A':false}", "{'A':true}", NULL},
        /* managed members are theirs; further down the same names are ordinary */
        {"{'Id':'1','ChangeKey':'a'}", "{'Id':'2','@odata.etag':'x','ParentFolderId':'p'}",
         "{'Id':'1','ChangeKey':'b'}", "{'Id':'1','ChangeKey':'b'}", NULL},
        {"{'E':{'Id':'1'}}", "{'E':{'Id':'2'}}", "{'E':{'Id':'1'}}", "{'E':{'Id':'2'}}", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        check_three(KIND_CONTACT, &cases[i]);
}

static void test_order(void **state)
{
    cJSON *base = object("{'A':1,'B':1,'H':{'x':1,'y':1}}");
    cJSON *mine = object("{'New':1,'H':{'n':0,'y':1,'x':2},'B':2,'A':1}");
    cJSON *theirs = object("{'B':1,'H':{'y':1,'x':1},'A':3}");
    cJSON *merged = merge_three(KIND_CONTACT, base, mine, theirs, NULL);
    char *text = cJSON_PrintUnformatted(merged);

    (void)state;
    assert_string_equal(text, "{\"B\":2,\"H\":{\"y\":1,\"x\":2,\"n\":0},\"A\":3,\"New\":1}");
    free(text);
    cJSON_Delete(base);
    cJSON_Delete(mine);
    cJSON_Delete(theirs);
    cJSON_Delete(merged);
}

/* A name longer than the text of conflicts may be: the answer is right, the text is cut. */
static void test_long_names(void **state)
{
    char name[BUF_TEXT_MAX + 10];
    cJSON *sides[3];
    struct buf conflicts;

    (void)state;
    memset(name, 'n', sizeof(name));
    name[sizeof(name) - 1] = '\0';
    for (int i = 0; i < 3; i++) {
        sides[i] = cJSON_CreateObject();
        cJSON_AddNumberToObject(cJSON_AddObjectToObject(sides[i], name), "Id", i);
    }
    buf_init(&conflicts, BUF_TEXT_MAX);
    assert_null(merge_three(KIND_CONTACT, sides[0], sides[1], sides[2], &conflicts));
    for (int i = 0; i < 3; i++)
        cJSON_Delete(sides[i]);
    buf_release(&conflicts);
}

static void test_same(void **state)
{
    static const struct {
        const char *a, *b;
        bool same;
    } cases[] = {
        {"{'A':1,'B':[1]}", "{'B':[1],'A':1}", true},
        {"{'A':1,'Id':'1','@odata.etag':'e'}", "{'A':1,'Id':'2'}", true},
        {"{'A':1}", "{'A':1,'B':null}", true},
        {"{'A':1}", "{'A':1,'B':''}", true},
        {"{'A':1}", "{'A':1,'B':[]}", true},
        {"{'B':null}", "{'B':{'c':'','d':[]}}", true},
        {"{'B':''}", "{'B':' '}", false},
        {"{'B':[]}", "{'B':['']}", false},
        {"{'B':0}", "{'B':''}", false},
        {"{'B':false}", "{'B':null}", false},
        {"{'A':{'b':1}}", "{'A':{'b':2}}", false},
        {"{'A':{'Id':1}}", "{'A':{'Id':2}}", false},
        {"{'L':[1,null]}", "{'L':[1]}", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        cJSON *a = object(cases[i].a);
        cJSON *b = object(cases[i].b);

        assert_int_equal(merge_same(KIND_CONTACT, a, b), cases[i].same);
        assert_int_equal(merge_same(KIND_CONTACT, b, a), cases[i].same);
        cJSON_Delete(a);
        cJSON_Delete(b);
    }
}

static void test_body(void **state)
{
    static const struct {
        enum kind kind;
        const char *theirs, *merged;
        const char *whole, *changes;
    } cases[] = {
        {KIND_CONTACT, "{'Id':'1','GivenName':'a','Title':null,'@odata.etag':'e'}",
         "{'Id':'1','GivenName':'b','Title':null,'@odata.etag':'e'}",
         "{'GivenName':'b','Title':null}", "{'GivenName':'b'}"},
        {KIND_CONTACT, "{'GivenName':'a','Manager':'m','ImAddresses':['i'],'N':1,'O':{'x':1}}",
         "{'GivenName':'a'}", "{'GivenName':'a','Manager':'','ImAddresses':[],'N':null,'O':null}",
         "{'Manager':'','ImAddresses':[],'N':null,'O':null}"},
        {KIND_CONTACT, "{'Manager':'m','B':'1990-02-03T00:00:00+00:00'}",
         "{'Manager':null,'B':null}", "{'Manager':'','B':null}", "{'Manager':'','B':null}"},
        {KIND_CONTACT, "{'H':{'City':'a','Street':'b','Zip':null}}",
         "{'H':{'Street':'c','Zip':null}}", "{'H':{'Street':'c','Zip':null,'City':''}}",
         "{'H':{'Street':'c','Zip':null,'City':''}}"},
        {KIND_CONTACT, "{'A':1}", "{'A':1}", "{'A':1}", "{}"},
        {KIND_CONTACT, "{'HomePhones':['1']}", "{}", "{'HomePhones':[]}", "{'HomePhones':[]}"},
        {KIND_CONTACT, "{}", "{'H':{'City':'x','Id':'1'}}", "{'H':{'City':'x','Id':'1'}}",
         "{'H':{'City':'x','Id':'1'}}"},
        {KIND_EVENT, "{'Subject':'s','Importance':'High','ShowAs':'Oof','Recurrence':{'P':1}}",
         "{'Subject':'s','ShowAs':null}",
         "{'Subject':'s','Importance':'Normal','ShowAs':'Busy','Recurrence':null}",
         "{'Importance':'Normal','ShowAs':'Busy','Recurrence':null}"},
        {KIND_EVENT, "{'Subject':'s','Type':'SingleInstance','Organizer':{'x':1}}",
         "{'Subject':'t','Type':'Occurrence'}", "{'Subject':'t'}", "{'Subject':'t'}"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        cJSON *theirs = object(cases[i].theirs);
        cJSON *merged = object(cases[i].merged);
        cJSON *whole = merge_body(cases[i].kind, MERGE_WHOLE, theirs, merged);
        cJSON *changes = merge_body(cases[i].kind, MERGE_CHANGES, theirs, merged);

        assert_json(whole, cases[i].whole);
        assert_json(changes, cases[i].changes);
        cJSON_Delete(theirs);
        cJSON_Delete(merged);
        cJSON_Delete(whole);
        cJSON_Delete(changes);
    }
}

static void test_new_body(void **state)
{
    cJSON *mine = object("{'Id':'old','@odata.etag':'e','GivenName':'g','ChangeKey':'k'}");
    cJSON *body = merge_new_body(KIND_CONTACT, mine);

    (void)state;
    assert_json(body, "{'GivenName':'g','HomePhones':[]}");
    cJSON_Delete(mine);
    cJSON_Delete(body);

    mine = object("{'Subject':'s','Start':'a','End':'b','Type':'Occurrence','ShowAs':'Oof'}");
    body = merge_new_body(KIND_EVENT, mine);
    assert_json(body, "{'Subject':'s','Start':'a','End':'b','ShowAs':'Oof','Importance':'Normal',"
                      "'StartTimeZone':'UTC','EndTimeZone':'UTC'}");
    cJSON_Delete(mine);
    cJSON_Delete(body);
}

static void test_contains(void **state)
{
    static const struct {
        const char *record, *sent;
        bool contains;
    } cases[] = {
        {"{'Id':'1','Subject':'s','X':1}", "{'Subject':'s'}", true},
        {"{'Subject':'s'}", "{'Subject':'t'}", false},
        {"{'Subject':'s'}", "{'Subject':'s','New':1}", false},
        {"{'Subject':'s'}", "{'Subject':'s','Id':'other','Type':'Occurrence'}", true},
        /* times in another form */
        {"{'Start':'2023-12-20T14:15:00+00:00'}", "{'Start':'2023-12-20T14:15:00.000Z'}", true},
        {"{'Start':'2023-12-20T14:15:00+00:00'}", "{'Start':'2023-12-20T16:15:00+02:00'}", true},
        {"{'Start':'2023-12-20T14:15:00+00:00'}", "{'Start':'2023-12-20T14:15:01Z'}", false},
        {"{'Start':'2026-12-01T11:00:00+00:00'}",
         "{'Start':'2026-12-01T12:00:00','StartTimeZone':'W. Europe Standard Time'}", true},
        {"{'Start':'2026-12-01T12:00:00+00:00'}",
         "{'Start':'2026-12-01T12:00:00','StartTimeZone':'GMT Standard Time'}", true},
        {"{'Start':'2026-12-01T11:00:00+00:00'}",
         "{'Start':'2026-12-01T12:00:00Z','StartTimeZone':'GMT Standard Time'}", false},
        {"{'Start':'2026-12-01T11:07:00+00:00'}",
         "{'Start':'2026-12-01T12:00:00','StartTimeZone':'W. Europe Standard Time'}", false},
        {"{'Start':'2026-12-02T11:00:00+00:00'}",
         "{'Start':'2026-12-01T12:00:00','StartTimeZone':'W. Europe Standard Time'}", false},
        {"{'Start':'2026-12-01T11:00:00+00:00'}",
         "{'Start':'2026-12-01T12:00:00','StartTimeZone':'UTC'}", false},
        {"{'T':'0001-01-01T00:00:00+00:00'}", "{'T':'0001-01-01'}", true},
        {"{'T':'0001-01-01'}", "{'T':'1970-01-01'}", false},
        /* empty values */
        {"{}", "{'A':'','B':null,'L':[]}", true},
        {"{'A':null,'L':null,'H':{'City':null}}", "{'A':'','L':[],'H':null}", true},
        {"{'A':''}", "{'A':null}", true},
        {"{'A':'filled'}", "{'A':''}", false},
        {"{'L':['x']}", "{'L':[]}", false},
        {"{'N':0}", "{'N':null}", false},
        {"{}", "{'F':false}", false},
        /* objects as subsets, arrays by position */
        {"{'H':{'City':'x','Street':null}}", "{'H':{'City':'x'}}", true},
        {"{'H':{'City':'x'}}", "{'H':{'City':'y'}}", false},
        {"{'A':[{'E':{'Address':'a'},'Status':{'R':'None'}}]}", "{'A':[{'E':{'Address':'a'}}]}",
         true},
        {"{'L':[1,2]}", "{'L':[2,1]}", false},
        {"{'L':[1,2]}", "{'L':[1]}", false},
        {"{'L':[1]}", "{'L':[1,2]}", false},
        /* what the service writes anew */
        {"{'Body':{'Content':'<html>x'},'StartTimeZone':'UTC'}",
         "{'Body':{'Content':'x'},'StartTimeZone':'Pacific Standard Time'}", true},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        cJSON *record = object(cases[i].record);
        cJSON *sent = object(cases[i].sent);

        if (merge_contains(KIND_EVENT, record, sent) != cases[i].contains)
            fail_msg("%s in %s", cases[i].sent, cases[i].record);
        cJSON_Delete(record);
        cJSON_Delete(sent);
    }
}

/* Times that came back in UTC. */
static void test_settle(void **state)
{
    cJSON *record = object("{'Id':'1','Subject':'s','Start':'2026-12-01T11:00:00+00:00',"
                           "'StartTimeZone':'UTC','End':'2026-12-01T11:30:00+00:00',"
                           "'EndTimeZone':'UTC'}");
    cJSON *sent = object("{'End':'2026-12-01T12:30:00','EndTimeZone':'Romance Standard Time',"
                         "'Start':'2026-12-01T16:00:00','StartTimeZone':'Ours','Subject':'s'}");
    cJSON *all = merge_settle(KIND_EVENT, record, sent, MERGE_TIMES_ALL);
    cJSON *unknown = merge_settle(KIND_EVENT, record, sent, MERGE_TIMES_UNKNOWN);

    (void)state;
    assert_true(merge_contains(KIND_EVENT, record, sent));
    assert_json(all, "{'Subject':'s','End':'2026-12-01T11:30:00+00:00','EndTimeZone':'UTC',"
                     "'Start':'2026-12-01T11:00:00+00:00','StartTimeZone':'UTC'}");
    assert_json(unknown,
                "{'End':'2026-12-01T12:30:00','EndTimeZone':'Romance Standard Time',"
                "'Subject':'s','Start':'2026-12-01T11:00:00+00:00','StartTimeZone':'UTC'}");
    assert_true(merge_contains(KIND_EVENT, record, unknown));
    assert_null(merge_settle(KIND_EVENT, record, unknown, MERGE_TIMES_UNKNOWN));
    assert_null(merge_settle(KIND_EVENT, record, record, MERGE_TIMES_ALL));
    cJSON_Delete(unknown);
    cJSON_Delete(all);
    cJSON_Delete(sent);
    cJSON_Delete(record);
}

static void test_describe(void **state)
{
    cJSON *base = object("{'Id':'1','A':1,'B':{'x':1},'C':1,'D':null,'Same':[1]}");
    cJSON *mine = object("{'Id':'2','B':{'x':2},'New':'n','Same':[1],'A':1}");
    cJSON *changes = merge_describe(KIND_CONTACT, base, mine);

    (void)state;
    assert_json(changes, "{'B':{'from':{'x':1},'to':{'x':2}},'C':{'from':1,'to':null},"
                         "'New':{'from':null,'to':'n'}}");
    cJSON_Delete(changes);
    changes = merge_describe(KIND_CONTACT, NULL, mine);
    assert_json(changes, "{'B':{'from':null,'to':{'x':2}},'New':{'from':null,'to':'n'},"
                         "'Same':{'from':null,'to':[1]},'A':{'from':null,'to':1}}");
    cJSON_Delete(base);
    cJSON_Delete(mine);
    cJSON_Delete(changes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_three),      cmocka_unit_test(test_order),
        cmocka_unit_test(test_long_names), cmocka_unit_test(test_same),
        cmocka_unit_test(test_body),       cmocka_unit_test(test_new_body),
        cmocka_unit_test(test_contains),   cmocka_unit_test(test_settle),
        cmocka_unit_test(test_describe),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
