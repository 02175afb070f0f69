/*
 * client.h - the layer's own functions with the waits of a test, and requests on threads of their
 * own.
 */
#ifndef OUTLOOKFS_TESTS_HTTP_CLIENT_H
#define OUTLOOKFS_TESTS_HTTP_CLIENT_H

#include "server.h"

#include <http/http_p.h>
#include <outlookfs/base/buf.h>

#define HOUR (3600 * NS_PER_S)

/* Quick, and no probe ever unless a test wants one. */
#define QUICK                                                                                      \
    ((struct http_timing){                                                                         \
        .retry_first = NS_PER_MS, .probe_first = HOUR, .probe_max = HOUR, .hold = 20 * NS_PER_MS})

static inline struct http *client_create(const struct http_config *config,
                                         const struct http_timing *timing)
{
    struct http *http = NULL;
    struct buf err;

    buf_init(&err, BUF_TEXT_MAX);
    if (http_create_timed(config, timing, &http, &err)) {
        fprintf(stderr, "http_create: %s\n", err.data);
        abort();
    }
    buf_release(&err);
    return http;
}

static inline struct http *client_of(struct server *s)
{
    return client_create(&(struct http_config){.base_url = s->url, .probe_path = "/probe"}, &QUICK);
}

static inline struct http_answer client_send(struct http *http, const struct http_request *r)
{
    struct http_answer a;

    http_answer_init(&a);
    http_perform(http, r, &a);
    return a;
}

static inline struct http_answer client_get(struct http *http, const char *path)
{
    return client_send(http, &(struct http_request){.method = "GET", .path = path});
}

static inline struct http_answer client_post(struct http *http, const char *path, const char *body)
{
    return client_send(http,
                       &(struct http_request){
                           .method = "POST", .path = path, .body = body, .body_len = strlen(body)});
}

/* A request on a thread. */
struct job {
    struct http *http;
    struct http_request request;
    struct http_answer answer;
    pthread_t thread;
};

static inline void *job_main(void *arg)
{
    struct job *job = arg;

    job->answer = client_send(job->http, &job->request);
    return NULL;
}

static inline void job_start(struct job *job)
{
    if (pthread_create(&job->thread, NULL, job_main, job))
        abort();
}

static inline void job_join(struct job *job)
{
    pthread_join(job->thread, NULL);
}

#endif
