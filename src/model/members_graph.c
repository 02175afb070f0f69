/*
 * members_graph.c - the members one may write of Graph's records.
 *
 * Source: the properties of message, event and contact, and of the types they are made of, in
 * Microsoft's published metadata of Graph v1.0 (microsoftgraph/msgraph-metadata,
 * schemas/v1.0-Prod.csdl), without those that only the service writes (kind_graph.c).
 */
#include "members_p.h"

#include <stddef.h>

static const struct member graph_email_address[] = {
    {"address", TYPE_TEXT},
    {"name", TYPE_TEXT},
    {NULL},
};

static const struct member graph_recipient[] = {
    {"emailAddress", TYPE_OBJECT, graph_email_address},
    {NULL},
};

static const struct member graph_item_body[] = {
    {"content", TYPE_TEXT},
    {"contentType", TYPE_TEXT},
    {NULL},
};

static const struct member graph_date_time_time_zone[] = {
    {"dateTime", TYPE_TEXT},
    {"timeZone", TYPE_TEXT},
    {NULL},
};

static const struct member graph_followup_flag[] = {
    {"completedDateTime", TYPE_OBJECT, graph_date_time_time_zone},
    {"dueDateTime", TYPE_OBJECT, graph_date_time_time_zone},
    {"flagStatus", TYPE_TEXT},
    {"startDateTime", TYPE_OBJECT, graph_date_time_time_zone},
    {NULL},
};

static const struct member graph_internet_message_header[] = {
    {"name", TYPE_TEXT},
    {"value", TYPE_TEXT},
    {NULL},
};

static const struct member graph_message[] = {
    {"categories", TYPE_TEXTS},
    {"bccRecipients", TYPE_OBJECTS, graph_recipient},
    {"body", TYPE_OBJECT, graph_item_body},
    {"ccRecipients", TYPE_OBJECTS, graph_recipient},
    {"flag", TYPE_OBJECT, graph_followup_flag},
    {"from", TYPE_OBJECT, graph_recipient},
    {"importance", TYPE_TEXT},
    {"inferenceClassification", TYPE_TEXT},
    {"internetMessageHeaders", TYPE_OBJECTS, graph_internet_message_header},
    {"internetMessageId", TYPE_TEXT},
    {"isDeliveryReceiptRequested", TYPE_BOOL},
    {"isRead", TYPE_BOOL},
    {"isReadReceiptRequested", TYPE_BOOL},
    {"replyTo", TYPE_OBJECTS, graph_recipient},
    {"sender", TYPE_OBJECT, graph_recipient},
    {"subject", TYPE_TEXT},
    {"toRecipients", TYPE_OBJECTS, graph_recipient},
    {NULL},
};

static const struct member graph_time_slot[] = {
    {"end", TYPE_OBJECT, graph_date_time_time_zone},
    {"start", TYPE_OBJECT, graph_date_time_time_zone},
    {NULL},
};

static const struct member graph_response_status[] = {
    {"response", TYPE_TEXT},
    {"time", TYPE_TEXT},
    {NULL},
};

static const struct member graph_attendee[] = {
    {"emailAddress", TYPE_OBJECT, graph_email_address},
    {"type", TYPE_TEXT},
    {"proposedNewTime", TYPE_OBJECT, graph_time_slot},
    {"status", TYPE_OBJECT, graph_response_status},
    {NULL},
};

static const struct member graph_physical_address[] = {
    {"city", TYPE_TEXT},  {"countryOrRegion", TYPE_TEXT}, {"postalCode", TYPE_TEXT},
    {"state", TYPE_TEXT}, {"street", TYPE_TEXT},          {NULL},
};

static const struct member graph_outlook_geo_coordinates[] = {
    {"accuracy", TYPE_NUMBER}, {"altitude", TYPE_NUMBER},  {"altitudeAccuracy", TYPE_NUMBER},
    {"latitude", TYPE_NUMBER}, {"longitude", TYPE_NUMBER}, {NULL},
};

static const struct member graph_location[] = {
    {"address", TYPE_OBJECT, graph_physical_address},
    {"coordinates", TYPE_OBJECT, graph_outlook_geo_coordinates},
    {"displayName", TYPE_TEXT},
    {"locationEmailAddress", TYPE_TEXT},
    {"locationType", TYPE_TEXT},
    {"locationUri", TYPE_TEXT},
    {"uniqueId", TYPE_TEXT},
    {"uniqueIdType", TYPE_TEXT},
    {NULL},
};

static const struct member graph_recurrence_pattern[] = {
    {"dayOfMonth", TYPE_WHOLE},    {"daysOfWeek", TYPE_TEXTS},
    {"firstDayOfWeek", TYPE_TEXT}, {"index", TYPE_TEXT},
    {"interval", TYPE_WHOLE},      {"month", TYPE_WHOLE},
    {"type", TYPE_TEXT},           {NULL},
};

static const struct member graph_recurrence_range[] = {
    {"endDate", TYPE_TEXT},
    {"numberOfOccurrences", TYPE_WHOLE},
    {"recurrenceTimeZone", TYPE_TEXT},
    {"startDate", TYPE_TEXT},
    {"type", TYPE_TEXT},
    {NULL},
};

static const struct member graph_patterned_recurrence[] = {
    {"pattern", TYPE_OBJECT, graph_recurrence_pattern},
    {"range", TYPE_OBJECT, graph_recurrence_range},
    {NULL},
};

static const struct member graph_event[] = {
    {"categories", TYPE_TEXTS},
    {"allowNewTimeProposals", TYPE_BOOL},
    {"attendees", TYPE_OBJECTS, graph_attendee},
    {"body", TYPE_OBJECT, graph_item_body},
    {"end", TYPE_OBJECT, graph_date_time_time_zone},
    {"hideAttendees", TYPE_BOOL},
    {"importance", TYPE_TEXT},
    {"isAllDay", TYPE_BOOL},
    {"isOnlineMeeting", TYPE_BOOL},
    {"isReminderOn", TYPE_BOOL},
    {"location", TYPE_OBJECT, graph_location},
    {"locations", TYPE_OBJECTS, graph_location},
    {"onlineMeetingProvider", TYPE_TEXT},
    {"recurrence", TYPE_OBJECT, graph_patterned_recurrence},
    {"reminderMinutesBeforeStart", TYPE_WHOLE},
    {"responseRequested", TYPE_BOOL},
    {"sensitivity", TYPE_TEXT},
    {"showAs", TYPE_TEXT},
    {"start", TYPE_OBJECT, graph_date_time_time_zone},
    {"subject", TYPE_TEXT},
    {"transactionId", TYPE_TEXT},
    {NULL},
};

static const struct member graph_contact[] = {
    {"categories", TYPE_TEXTS},
    {"assistantName", TYPE_TEXT},
    {"birthday", TYPE_TEXT},
    {"businessAddress", TYPE_OBJECT, graph_physical_address},
    {"businessHomePage", TYPE_TEXT},
    {"businessPhones", TYPE_TEXTS},
    {"children", TYPE_TEXTS},
    {"companyName", TYPE_TEXT},
    {"department", TYPE_TEXT},
    {"displayName", TYPE_TEXT},
    {"emailAddresses", TYPE_OBJECTS, graph_email_address},
    {"fileAs", TYPE_TEXT},
    {"generation", TYPE_TEXT},
    {"givenName", TYPE_TEXT},
    {"homeAddress", TYPE_OBJECT, graph_physical_address},
    {"homePhones", TYPE_TEXTS},
    {"imAddresses", TYPE_TEXTS},
    {"initials", TYPE_TEXT},
    {"jobTitle", TYPE_TEXT},
    {"manager", TYPE_TEXT},
    {"middleName", TYPE_TEXT},
    {"mobilePhone", TYPE_TEXT},
    {"nickName", TYPE_TEXT},
    {"officeLocation", TYPE_TEXT},
    {"otherAddress", TYPE_OBJECT, graph_physical_address},
    {"personalNotes", TYPE_TEXT},
    {"primaryEmailAddress", TYPE_OBJECT, graph_email_address},
    {"profession", TYPE_TEXT},
    {"secondaryEmailAddress", TYPE_OBJECT, graph_email_address},
    {"spouseName", TYPE_TEXT},
    {"surname", TYPE_TEXT},
    {"tertiaryEmailAddress", TYPE_OBJECT, graph_email_address},
    {"title", TYPE_TEXT},
    {"yomiCompanyName", TYPE_TEXT},
    {"yomiGivenName", TYPE_TEXT},
    {"yomiSurname", TYPE_TEXT},
    {NULL},
};

const struct member *const members_graph[KIND_COUNT] = {
    [KIND_MESSAGE] = graph_message,
    [KIND_EVENT] = graph_event,
    [KIND_CONTACT] = graph_contact,
};
