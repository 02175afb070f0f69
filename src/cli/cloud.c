/*
 * cloud.c - the clouds of the service: a login host and the Graph that goes with it.
 *
 * https://learn.microsoft.com/graph/deployments; tokens and registrations do not cross them.
 */
#include "settings_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/str.h>

#include <string.h>

static const struct cloud {
    const char *login, *graph;
} clouds[] = {
    {"https://login.microsoftonline.com", "https://graph.microsoft.com"},
    {"https://login.microsoftonline.us", "https://graph.microsoft.us"},
    {"https://login.microsoftonline.us", "https://dod-graph.microsoft.us"},
    {"https://login.chinacloudapi.cn", "https://microsoftgraph.chinacloudapi.cn"},
};

/* The row of what is given; the first where neither is known. */
static const struct cloud *cloud_of(const struct values *v)
{
    for (size_t i = 0; i < ARRAY_SIZE(clouds); i++) {
        if (v->url ? str_starts(v->url, clouds[i].graph)
                   : v->login_url && str_starts(v->login_url, clouds[i].login))
            return &clouds[i];
    }
    return &clouds[0];
}

void cloud_complete(enum service_id service, struct values *v)
{
    const struct cloud *cloud = cloud_of(v);

    if (!v->url && service == SERVICE_GRAPH)
        v->url = xasprintf("%s/v1.0", cloud->graph);
    if (!v->login_url)
        v->login_url = xstrdup(cloud->login);
    if (!v->tenant)
        v->tenant = xstrdup(service == SERVICE_GRAPH ? "common" : "organizations");
}
