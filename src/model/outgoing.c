/*
 * outgoing.c - the table of what the outbox takes, and checks by it.
 */
#include <outlookfs/model/outgoing.h>

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/name.h>

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ANSWER_SUFFIX ".answer.json"
#define EML_SUFFIX ".eml"

enum member_type {
    MEMBER_STRING,    /* "" says nothing, where it is not required */
    MEMBER_BYTES,     /* base64; "" are none */
    MEMBER_ADDRESSES, /* at least one, separated by semicolons */
    MEMBER_BOOL,
    MEMBER_IMPORTANCE,
    MEMBER_RESPONSE,
    MEMBER_OPTIONS,
    MEMBER_ATTACHMENTS,
};

struct member {
    const char *name; /* NULL ends the list */
    enum member_type type;
    bool required;
    bool local; /* of our own: never sent */
    bool on;    /* true where nothing is said */
};

/* The seed requires Subject and Options of a question, too. */
#define QUESTION_MEMBERS                                                                           \
    {"To", MEMBER_ADDRESSES, .required = true}, {"Subject", MEMBER_STRING, .required = true},      \
        {"Options", MEMBER_OPTIONS, .required = true}, {"HeaderText", MEMBER_STRING},              \
        {"SelectionText", MEMBER_STRING}, {"Body", MEMBER_STRING},                                 \
        {"Importance", MEMBER_IMPORTANCE}, {"Attachments", MEMBER_ATTACHMENTS},                    \
        {"UseOnlyHTMLMessage", MEMBER_BOOL}, {"HideHTMLMessage", MEMBER_BOOL},                     \
        {"ShowHTMLConfirmationDialog", MEMBER_BOOL},                                               \
    {                                                                                              \
        "Wait", MEMBER_BOOL, .local = true, .on = true                                             \
    }

static const struct member send_members[] = {
    {"To", MEMBER_ADDRESSES, .required = true},
    {"Subject", MEMBER_STRING, .required = true},
    {"Body", MEMBER_STRING, .required = true},
    {"Cc", MEMBER_STRING},
    {"Bcc", MEMBER_STRING},
    {"From", MEMBER_STRING},
    {"ReplyTo", MEMBER_STRING},
    {"Importance", MEMBER_IMPORTANCE},
    {"Sensitivity", MEMBER_STRING},
    {"IsHtml", MEMBER_BOOL},
    {"Attachments", MEMBER_ATTACHMENTS},
    {NULL},
};

/* Of the subject (outgoing_info.subject) and Path one is needed: outgoing_check(). */
static const struct member reply_members[] = {
    {"MessageId", MEMBER_STRING},
    {"Path", MEMBER_STRING, .local = true},
    {"Comment", MEMBER_STRING, .required = true},
    {"ReplyAll", MEMBER_BOOL},
    {NULL},
};

static const struct member forward_members[] = {
    {"MessageId", MEMBER_STRING},
    {"Path", MEMBER_STRING, .local = true},
    {"To", MEMBER_ADDRESSES, .required = true},
    {"Comment", MEMBER_STRING},
    {NULL},
};
static const struct member respond_members[] = {
    {"EventId", MEMBER_STRING},
    {"Path", MEMBER_STRING, .local = true},
    {"Response", MEMBER_RESPONSE, .required = true},
    {"Comment", MEMBER_STRING},
    {"Send", MEMBER_BOOL, .on = true},
    {NULL},
};
static const struct member options_members[] = {
    QUESTION_MEMBERS, {"HideMicrosoftFooter", MEMBER_BOOL}, {NULL}};
static const struct member approval_members[] = {QUESTION_MEMBERS, {NULL}};

static const struct member attachment_members[] = {
    {"Name", MEMBER_STRING},
    {"ContentBytes", MEMBER_BYTES},
    {"Path", MEMBER_STRING, .local = true},
    {"@odata.type", MEMBER_STRING},
    {NULL},
};

static const struct kind_of_outgoing {
    struct outgoing_info info;
    const struct member *members;
} kinds[] = {
    [OUTGOING_SEND] = {{"send", "outbox/send", false, NULL, KIND_COUNT}, send_members},
    [OUTGOING_REPLY] = {{"reply", "outbox/reply", false, "MessageId", KIND_MESSAGE}, reply_members},
    [OUTGOING_OPTIONS] = {{"options", "outbox/options", true, NULL, KIND_COUNT}, options_members},
    [OUTGOING_APPROVAL] = {{"approval", "outbox/approval", true, NULL, KIND_COUNT},
                           approval_members},
    [OUTGOING_FORWARD] = {{"forward", "outbox/forward", false, "MessageId", KIND_MESSAGE},
                          forward_members},
    [OUTGOING_RESPOND] = {{"respond", "outbox/respond", false, "EventId", KIND_EVENT},
                          respond_members},
};
_Static_assert(ARRAY_SIZE(kinds) == OUTGOING_COUNT, "a kind of outgoing mail has no members");

const struct outgoing_info *outgoing_info(enum outgoing what)
{
    static const struct outgoing_info draft = {"send", "outbox/send", false, NULL, KIND_COUNT};
    static const struct outgoing_info mime = {"drafts", "mail/Drafts", false, NULL, KIND_COUNT};

    return what == OUTGOING_DRAFT ? &draft : what == OUTGOING_MIME ? &mime : &kinds[what].info;
}

/* --- names --- */

uint64_t outgoing_dir_ino(const char *dir)
{
    return name_ino("outbox", dir);
}

bool outgoing_is_eml(enum outgoing what, const char *name)
{
    return (what == OUTGOING_SEND || what == OUTGOING_MIME) && *name && !strchr(".~#", *name) &&
           str_ends(name, EML_SUFFIX);
}

bool outgoing_is_name(enum outgoing what, const char *name)
{
    return outgoing_is_eml(what, name) ||
           (name_is_record(name) && !(kinds[what].info.question && str_ends(name, ANSWER_SUFFIX)));
}

char *outgoing_answer_name(const char *name)
{
    size_t stem = str_ends(name, ".json") ? strlen(name) - strlen(".json") : strlen(name);
    size_t most = NAME_BYTES_MAX - strlen(ANSWER_SUFFIX);

    return xasprintf("%.*s" ANSWER_SUFFIX, (int)(stem < most ? stem : most), name);
}

/* --- to fill in --- */

static struct cJSON *template_value(enum outgoing what, const struct member *m)
{
    switch (m->type) {
    case MEMBER_BOOL:
        return cJSON_CreateBool(m->on);
    case MEMBER_IMPORTANCE:
        return cJSON_CreateString("Normal");
    case MEMBER_OPTIONS:
        return cJSON_CreateString(what == OUTGOING_APPROVAL ? "Approve, Reject" : "Yes, No");
    case MEMBER_RESPONSE:
        return cJSON_CreateString("accept");
    case MEMBER_ATTACHMENTS:
        return cJSON_CreateArray();
    case MEMBER_STRING:
    case MEMBER_BYTES:
    case MEMBER_ADDRESSES:
        break;
    }
    return cJSON_CreateString("");
}

struct cJSON *outgoing_template(enum outgoing what)
{
    struct cJSON *obj = cJSON_CreateObject();

    for (const struct member *m = kinds[what].members; m->name; m++)
        cJSON_AddItemToObject(obj, m->name, template_value(what, m));
    return obj;
}

/* --- checking --- */

static bool is_present(const struct member *m, const struct cJSON *value)
{
    bool may_be_empty = m->required || m->type == MEMBER_BYTES;

    return value && !cJSON_IsNull(value) &&
           (may_be_empty || !cJSON_IsString(value) || *value->valuestring);
}

static bool has_text(const char *s)
{
    return s && s[strspn(s, " \t\r\n;")] != '\0';
}

static const struct member *find_member(const struct member *members, const char *name)
{
    for (const struct member *m = members; m->name; m++) {
        if (str_eq(m->name, name))
            return m;
    }
    return NULL;
}

static int count_options(const char *list)
{
    int count = 1;

    for (; *list; list++)
        count += *list == ',';
    return count;
}

static int check_options(const char *name, const struct cJSON *value, struct buf *err)
{
    if (!cJSON_IsString(value) || !has_text(value->valuestring))
        return buf_fail(err, -EINVAL, "%s: options separated by commas are required", name);
    if (count_options(value->valuestring) > OUTGOING_OPTIONS_MAX)
        return buf_fail(err, -EINVAL, "%s: over %d options", name, OUTGOING_OPTIONS_MAX);
    return 0;
}

static int check_importance(const char *name, const struct cJSON *value, struct buf *err)
{
    const char *word = cJSON_GetStringValue(value);

    if (str_eq(word, "Low") || str_eq(word, "Normal") || str_eq(word, "High"))
        return 0;
    return buf_fail(err, -EINVAL, "%s: Low, Normal or High is required", name);
}

static int check_response(const char *name, const struct cJSON *value, struct buf *err)
{
    const char *word = cJSON_GetStringValue(value);

    if (str_eq(word, "accept") || str_eq(word, "tentative") || str_eq(word, "decline"))
        return 0;
    return buf_fail(err, -EINVAL, "%s: accept, tentative or decline is required", name);
}

static int check_attachments(const char *name, const struct cJSON *value, struct buf *err);

static int check_value(const struct member *m, const char *name, const struct cJSON *value,
                       struct buf *err)
{
    switch (m->type) {
    case MEMBER_STRING:
    case MEMBER_BYTES:
        return cJSON_IsString(value) ? 0 : buf_fail(err, -EINVAL, "%s: a string is required", name);
    case MEMBER_ADDRESSES:
        return cJSON_IsString(value) && has_text(value->valuestring)
                   ? 0
                   : buf_fail(err, -EINVAL, "%s: addresses separated by ';' are required", name);
    case MEMBER_BOOL:
        return cJSON_IsBool(value) ? 0
                                   : buf_fail(err, -EINVAL, "%s: true or false is required", name);
    case MEMBER_IMPORTANCE:
        return check_importance(name, value, err);
    case MEMBER_RESPONSE:
        return check_response(name, value, err);
    case MEMBER_OPTIONS:
        return check_options(name, value, err);
    case MEMBER_ATTACHMENTS:
        return check_attachments(name, value, err);
    }
    return -EINVAL;
}

/* `prefix` is what stands before the names in texts: "Attachments[2].". */
static int check_members(const struct member *members, const char *prefix, const struct cJSON *obj,
                         struct buf *err)
{
    const struct cJSON *value;
    int rc = 0;

    cJSON_ArrayForEach(value, obj)
    {
        SCOPED(xfree) char *name = xasprintf("%s%s", prefix, value->string);
        const struct member *m = find_member(members, value->string);

        if (!rc && !m)
            rc = buf_fail(err, -EINVAL, "%s: no such member", name);
        else if (!rc && is_present(m, value))
            rc = check_value(m, name, value, err);
    }
    for (const struct member *m = members; m->name && !rc; m++) {
        if (m->required && !is_present(m, json_get(obj, m->name)))
            rc = buf_fail(err, -EINVAL, "%s%s is missing", prefix, m->name);
    }
    return rc;
}

static int check_attachment(const char *prefix, const struct cJSON *a, struct buf *err)
{
    if (!cJSON_IsObject(a))
        return buf_fail(err, -EINVAL, "%sName: an object is required", prefix);
    int rc = check_members(attachment_members, prefix, a, err);
    if (rc)
        return rc;
    bool bytes = json_str(a, "ContentBytes"), path = has_text(json_str(a, "Path"));
    if (bytes && path)
        return buf_fail(err, -EINVAL, "%sPath: not together with ContentBytes", prefix);
    if (!bytes && !path)
        return buf_fail(err, -EINVAL, "%sContentBytes (or Path) is missing", prefix);
    if (bytes && !has_text(json_str(a, "Name")))
        return buf_fail(err, -EINVAL, "%sName is missing", prefix);
    return 0;
}

static int check_attachments(const char *name, const struct cJSON *value, struct buf *err)
{
    const struct cJSON *a;
    int i = 0, rc = 0;

    if (!cJSON_IsArray(value))
        return buf_fail(err, -EINVAL, "%s: a list is required", name);
    cJSON_ArrayForEach(a, value)
    {
        SCOPED(xfree) char *prefix = xasprintf("%s[%d].", name, i++);

        if (!rc)
            rc = check_attachment(prefix, a, err);
    }
    return rc;
}

int outgoing_check(enum outgoing what, const struct cJSON *obj, struct buf *err)
{
    const char *subject = kinds[what].info.subject;
    int rc = check_members(kinds[what].members, "", obj, err);

    if (rc || !subject)
        return rc;
    bool id = has_text(json_str(obj, subject)), path = has_text(json_str(obj, "Path"));
    if (id && path)
        return buf_fail(err, -EINVAL, "Path: not together with %s", subject);
    if (!id && !path)
        return buf_fail(err, -EINVAL, "%s (or Path) is missing", subject);
    return 0;
}

/* --- what the service gets --- */

static bool drop_local(const struct member *members, struct cJSON *obj)
{
    struct cJSON *next;
    bool dropped = false;

    for (struct cJSON *value = obj->child; value; value = next) {
        const struct member *m = find_member(members, value->string);

        next = value->next;
        if (m && is_present(m, value) && !m->local)
            continue;
        cJSON_Delete(cJSON_DetachItemViaPointer(obj, value));
        dropped = true;
    }
    return dropped;
}

/* What the service takes a body for that does not say is not stated (contract, section 5). */
static bool add_defaults(enum outgoing what, struct cJSON *obj)
{
    if (what != OUTGOING_SEND || json_get(obj, "IsHtml"))
        return false;
    cJSON_AddBoolToObject(obj, "IsHtml", false);
    return true;
}

bool outgoing_complete(enum outgoing what, struct cJSON *obj)
{
    bool changed = drop_local(kinds[what].members, obj);
    struct cJSON *a;

    cJSON_ArrayForEach(a, json_get(obj, "Attachments")) changed |=
        drop_local(attachment_members, a);
    return add_defaults(what, obj) || changed;
}

bool outgoing_waits(enum outgoing what, const struct cJSON *obj)
{
    return kinds[what].info.question && json_bool(obj, "Wait", true);
}

/* --- options --- */

static bool same_word(const char *s, size_t len, const char *word)
{
    while (len && isspace((unsigned char)*s)) {
        s++;
        len--;
    }
    while (len && isspace((unsigned char)s[len - 1]))
        len--;
    word += strspn(word, " \t\r\n");
    size_t word_len = strlen(word);
    while (word_len && isspace((unsigned char)word[word_len - 1]))
        word_len--;
    return len == word_len && !strncasecmp(s, word, len);
}

int outgoing_option_index(const char *options, const char *selected)
{
    for (int i = 0;; i++) {
        size_t len = strcspn(options, ",");

        if (same_word(options, len, selected))
            return i;
        if (!options[len])
            return -1;
        options += len + 1;
    }
}
