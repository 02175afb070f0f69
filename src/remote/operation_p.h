/*
 * operation_p.h - one operation of a service's table.
 *
 * A service keeps its operations in a table (connector/operations.c). One row says everything about
 * an operation: method, path, where its parameters go and how they are encoded, what the body may
 * be, whether repeating it is safe, and how an update must be sent. transport_p.h carries out a call
 * of a row.
 *
 * Threads: any.
 */
#ifndef OUTLOOKFS_REMOTE_OPERATION_P_H
#define OUTLOOKFS_REMOTE_OPERATION_P_H

#include <outlookfs/model/merge.h>
#include <outlookfs/remote/remote.h>

enum param_where { PARAM_PATH, PARAM_PATH_DOUBLE, PARAM_QUERY };

struct param_spec {
    const char *name; /* as in the URL: "$top", "table"; NULL ends the list */
    enum param_where where;
    bool required;
};

#define OPERATION_PARAMS_MAX 10

enum body_policy {
    BODY_NONE,
    BODY_EMPTY, /* POST with Content-Length: 0 */
    BODY_JSON,
    BODY_BYTES,
};

/* What a success must be to be one: see answer_to_call(). */
enum answer_policy {
    ANSWER_NONE,   /* no body at all */
    ANSWER_OBJECT, /* a JSON object with the member `identity` and without "error" */
    ANSWER_LIST,   /* a JSON array of objects, bare or as the member "value"; where it has any, of
                      such with `identity`; an empty one in the form `empty` or a later one */
    ANSWER_NEWS,   /* the same; 202 without a body: nothing new */
    ANSWER_BYTES,  /* 200 and the bytes of a file */
    ANSWER_SPARSE, /* such an object; or no body, with 201 where there is an `identity` */
};

struct operation_info {
    const char *name; /* operationId: "ContactGetItem" */
    const char *method;
    const char *path; /* "/datasets/contacts/tables/{table}/items/{id}" */
    struct param_spec params[OPERATION_PARAMS_MAX];
    enum body_policy body;
    enum answer_policy answer;
    /* Member that a record of the answer has: a text that is not empty, an object or an array. NULL: any. */
    const char *identity;
    enum list_form empty;     /* the form of an empty list */
    enum merge_policy update; /* for PATCH: what the body must hold */
    bool conditional;         /* takes the record's version in If-Match */
    size_t attached_max;      /* bytes of attachments in the body; 0: any */
};

/* Does it change anything on the service, so that an unknown outcome matters? */
bool operation_writes(const struct operation_info *info);

/* The value of a parameter, or NULL. */
const char *param_value(const struct param *params, const char *name);

/*
 * Appends path and query, with every parameter encoded as its row says and in the row's order; or the
 * path and then `query` as it is. Callers pass all parameters they have, and the table decides which of
 * them the operation takes. A missing required one is a programming error: assert. On failure `out` is
 * unchanged. -ENOBUFS: its maximum would be passed. -EINVAL: a path parameter that is empty, "." or "..",
 * which would address something else; or a `query` with control characters, blanks, '#' or bytes above
 * 0x7e.
 */
int operation_url(const struct operation_info *info, const struct param *params, const char *query,
                  struct buf *out);

/* "PATCH /datasets/...", for a person. The caller frees. */
char *operation_describe(const struct operation_info *info, const struct param *params);

#endif
