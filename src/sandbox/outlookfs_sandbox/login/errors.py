"""What the login server refuses with: AADSTS numbers, the OAuth error each belongs to, and the body they come in.

Source: Microsoft's reference of error codes and the device code, authorization code and refresh token pages of its identity
platform; slow_down is RFC 8628 3.5.
"""
from ..exchange import Answer, Refusal, guid
from ..times import plain

PENDING, SLOW_DOWN = 70016, 0

# number: (error, what it says)
AADSTS = {
    SLOW_DOWN: ("slow_down", "The client polls faster than it was told to."),
    7000218: ("invalid_client", "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."),
    700016: ("unauthorized_client", "Application with identifier '{0}' was not found in the directory. This can happen if the application has "
             "not been installed by the administrator of the tenant or consented to by any user in the tenant."),
    700022: ("invalid_scope", "The provided value for the input parameter scope is not valid because it contains more than one resource."),
    700025: ("invalid_client", "Client is public so neither 'client_assertion' nor 'client_secret' should be presented."),
    700082: ("invalid_grant", "The refresh token has expired due to inactivity."),
    70000: ("invalid_grant", "The provided grant is invalid or malformed."),
    70003: ("unsupported_grant_type", "The app requested an unsupported grant type '{0}'."),
    70008: ("invalid_grant", "The provided authorization code or refresh token has expired due to inactivity."),
    70011: ("invalid_scope", "The provided value for the input parameter 'scope' is not valid. The scope {0} is not valid."),
    70016: ("authorization_pending", "OAuth 2.0 device flow error. Authorization is pending. Continue polling."),
    70018: ("bad_verification_code", "Invalid verification code due to User typing in wrong user code for device code flow."),
    70019: ("expired_token", "Verification code expired."),
    70043: ("invalid_grant", "The refresh token has expired or is invalid due to sign-in frequency checks by Conditional Access."),
    65001: ("invalid_grant", "The user or administrator has not consented to use the application with ID '{0}'. Send an interactive "
            "authorization request for this user and resource."),
    65002: ("invalid_client", "Consent between first party application '{0}' and first party resource must be configured via "
            "preauthorization."),
    65004: ("authorization_declined", "User declined to consent to access the app."),
    90002: ("invalid_request", "Tenant '{0}' not found. Check to make sure you have the correct tenant ID."),
    90014: ("invalid_request", "The required field '{0}' is missing from the credential."),
    90055: ("temporarily_unavailable", "The request was throttled. Try again later."),
    90094: ("access_denied", "Admin consent is required for the permissions requested by this application."),
    900144: ("invalid_request", "The request body must contain the following parameter: '{0}'."),
    9002325: ("invalid_request", "Proof Key for Code Exchange is required: code_challenge with code_challenge_method S256."),
    9002331: ("invalid_request", "Application '{0}' is configured for use by Microsoft Account users only. Please use the /consumers endpoint."),
    9002332: ("invalid_request", "Application '{0}' is configured for use by Azure Active Directory users only. "
              "Please do not use the /consumers endpoint to serve this request."),
    50011: ("invalid_request", "The redirect URI '{0}' specified in the request does not match the redirect URIs configured for the application."),
    50020: ("invalid_grant", "User account '{0}' from this identity provider does not exist in the tenant and cannot access the application."),
    50058: ("login_required", "A silent sign-in request was sent but no user is signed in."),
    50076: ("interaction_required", "Due to a configuration change made by your administrator, or because you moved to a new location, you must use "
            "multi-factor authentication to access the resource."),
    50105: ("invalid_grant", "The signed in user is not assigned to a role for the application."),
    50173: ("invalid_grant", "The provided grant has expired due to it being revoked, a fresh auth token is needed."),
    50194: ("invalid_request", "Application '{0}' is not configured as a multi-tenant application. Use a tenant-specific endpoint."),
    501481: ("invalid_grant", "The Code_Verifier does not match the code_challenge supplied in the authorization request."),
    53000: ("interaction_required", "Device is not in required device state: not compliant."),
    53001: ("interaction_required", "Device is not in required device state: not domain joined."),
    53003: ("access_denied", "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance."),
    54005: ("invalid_grant", "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token."),
    500011: ("invalid_resource", "The resource principal named {0} was not found in the tenant."),
    650057: ("invalid_resource", "Invalid resource. The client has requested access to a resource which is not listed in the requested permissions "
             "in the client's application registration. Resource: {0}."),
}


def aadsts(number, detail="", status=400):
    """The Refusal with this number: `raise aadsts(70011, scope)`."""
    error, text = AADSTS[number]
    status = 401 if error == "invalid_client" else status
    return Refusal(status, number, text.format(detail))


def describe(now, number, message):
    """error_description: the text with its number, as people look it up."""
    trace, correlation = guid(), guid()
    stamp = plain(now).replace("T", " ") + "Z"
    text = message if not number else ("AADSTS%d: %s\r\nTrace ID: %s\r\nCorrelation ID: %s\r\nTimestamp: %s"
                                       % (number, message, trace, correlation, stamp))
    return text, trace, correlation, stamp


def error_body(now, number, message, error=None, **more):
    """The JSON object of a refusal; `error` overrides the table's word."""
    text, trace, correlation, stamp = describe(now, number, message)
    body = {"error": error or AADSTS.get(number, ("invalid_grant",))[0], "error_description": text, "error_codes": [number] if number else []}
    body.update(timestamp=stamp, trace_id=trace, correlation_id=correlation)
    if number:
        body["error_uri"] = "https://login.microsoftonline.com/error?code=%d" % number
    return {**body, **more}


def error_answer(now, refusal):
    return Answer.json(refusal.status, error_body(now, refusal.code, refusal.message))
