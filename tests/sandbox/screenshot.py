"""Makes the picture of the web page in the documentation: screenshot.py BUILD_DIRECTORY FILE.png [WIDTH HEIGHT] [dark]"""
import sys

from browser import Browser
from sandbox import Sandbox

MAILS = [
    ("maya.lindqvist@fabrikam.com", "Minutes of Monday's meeting", "<p>Hello Robin, the minutes are attached.</p>",
     [{"Name": "minutes.txt", "ContentBytes": "MS4gT3BlbmluZwo="}], False),
    ("tomas.varga@fabrikam.com", "Lunch on Thursday?", "<p>The new place by the river has soup.</p>", [], True),
    ("ines.duarte@contoso.com", "Quarterly figures, second draft", "<p>Please look at page 4.</p>", [], False),
]
REQUEST = {
    "To": "robin.berger@contoso.com", "Subject": "Purchase order 4711 needs your approval",
    "HeaderText": "Purchase order 4711",
    "Body": "<p>Tomas Varga asks for <b>two standing desks</b> for the workshop.</p>"
            "<table cellpadding=6 border=1 style='border-collapse:collapse'>"
            "<tr><th align=left>Item</th><th>Pieces</th><th align=right>Price</th></tr>"
            "<tr><td>Standing desk, 160 × 80</td><td align=center>2</td><td align=right>1,180.00</td></tr>"
            "<tr><td>Delivery</td><td align=center>1</td><td align=right>60.00</td></tr></table>",
    "SelectionText": "Do you approve this order?",
    "Options": "Approve, Reject, Ask me tomorrow"}


def main():
    build, path = sys.argv[1:3]
    size = [int(n) for n in sys.argv[3:] if n.isdigit()] or [1000, 1240]
    with Sandbox(build, "--seed", "messages=6,contacts=8,events=6") as sandbox, \
            Browser(*size, dark="dark" in sys.argv) as browser:
        for sender, subject, body, files, read in MAILS:
            sandbox.create("message", {"From": sender, "Subject": subject, "Body": body, "Attachments": files,
                                       "IsRead": read})
        answer = sandbox.post("/approvalmail/$subscriptions",
                              {"NotificationUrl": "http://127.0.0.1:9/answered", "Message": REQUEST})
        if answer.status != 201:
            sys.exit("the approval was not sent: %r" % answer.body)
        browser.open("http://%s:%d/" % (sandbox.host, sandbox.port))
        browser.wait("document.querySelector('#messages button')")
        browser.click("#messages button")
        browser.wait("document.querySelector('#approval button') && !document.querySelector('#messages .unread [aria-current]')")
        browser.wait("document.querySelector('[aria-current] .count') && document.activeElement.id === 'subject'")
        browser.value("new Promise((done) => setTimeout(done, 2500))")  # the frame and the next refresh
        browser.screenshot(path)


if __name__ == "__main__":
    main()
