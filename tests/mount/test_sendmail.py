"""Mail as text: outlookfs sendmail with the programs that call it, and .eml files in outbox/send/."""
import base64
import errno
import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from test_crash import CrashingMailbox
from harness import TOKEN, Mailbox, MountTest, Sandbox, die_with_parent, in_own_namespace, main, wait_for

OWNER = "robin.berger@contoso.com"   # of the sandbox's mailbox: what goes to it arrives in the Inbox

EX_USAGE, EX_DATAERR, EX_NOUSER, EX_UNAVAILABLE, EX_SOFTWARE = 64, 65, 67, 69, 70
EX_TEMPFAIL, EX_NOPERM, EX_CONFIG = 75, 77, 78


def text_of(subject, to=OWNER, body="Hello.\n", *headers):
    lines = ["To: " + to] if to else []
    return "\n".join(lines + ["Subject: " + subject] + list(headers)) + "\n\n" + body


def with_attachment(subject, name, data):
    return text_of(subject, OWNER, "\n".join([
        "--cut", "Content-Type: text/plain; charset=utf-8", "", "See the file.", "--cut",
        'Content-Type: application/octet-stream; name="%s"' % name, "Content-Transfer-Encoding: base64",
        'Content-Disposition: attachment; filename="%s"' % name, "",
        base64.encodebytes(data).decode(), "--cut--", ""]), "MIME-Version: 1.0",
        'Content-Type: multipart/mixed; boundary="cut"')


class Home:
    """A home directory with a configuration, a link `sendmail` to the program, and its dead letters."""

    def __init__(self, program, *config):
        self.path = tempfile.mkdtemp(prefix="outlookfs-home-")
        self.sendmail = os.path.join(self.path, "sendmail")
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith(("OUTLOOKFS", "XDG_", "GIT_", "MAIL"))}
        self.environment.update(HOME=self.path, LC_ALL="C.UTF-8")
        os.symlink(program, self.sendmail)
        os.makedirs(os.path.join(self.path, ".config", "outlookfs"))
        self.configure(*config)

    def configure(self, *lines):
        self.write(".config/outlookfs/config", "".join(line + "\n" for line in lines))

    def write(self, name, text):
        path = os.path.join(self.path, name)
        with open(path, "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())
        return path

    def run(self, command, text="", **environment):
        """A program with a text on its standard input."""
        with open(self.write("input", text), "rb") as file:
            return subprocess.run(command, stdin=file, capture_output=True, text=True, timeout=60, cwd=self.path,
                                  env=dict(self.environment, **environment), check=False)

    def dead_letter(self):
        path = os.path.join(self.path, "dead.letter")
        if not os.path.exists(path):
            return ""
        with open(path, encoding="utf-8") as file:
            return file.read()

    def remove(self):
        shutil.rmtree(self.path)


class MailTest(MountTest):
    SEED = "messages=2"
    DELAY = "0"
    CONFIG = ("local-recipient = " + OWNER,)

    @classmethod
    def setUpClass(cls):
        cls.OPTIONS = "list_ttl=0,send_delay=" + cls.DELAY
        super().setUpClass()

    def setUp(self):
        self.home = Home(self.mailbox.program, *self.CONFIG)
        self.addCleanup(self.home.remove)
        self.home.environment["OUTLOOKFS_MOUNT"] = self.mailbox.mountpoint
        self.mark = self.mailbox.mark()

    def sent(self, count):
        """The mails the service was given in this test, once there are so many."""
        def mails():
            return [line["body"] for line in self.mailbox.requests("SendEmail", since=self.mark)]
        wait_for(lambda: len(mails()) >= count, lambda: "%d mails; %s" % (count, self.mailbox.status()["outbox"]))
        self.assertEqual(len(mails()), count)
        return mails()

    def arrived(self, subject):
        """The message in the Inbox, and the directory of its attachments."""
        inbox = self.mailbox.path("mail", "Inbox")

        def find():
            ids = [m["Id"] for m in self.mailbox.sandbox.records("message", "Inbox") if m["Subject"] == subject]
            return [i for i in ids if os.path.exists(os.path.join(inbox, i + ".json"))]
        id, = wait_for(find, subject)
        return self.mailbox.json("mail", "Inbox", id + ".json"), os.path.join(inbox, id + ".attachments")

    def send(self, *arguments, text=None, status=0, **environment):
        done = self.home.run([self.home.sendmail] + list(arguments), text_of("Plain") if text is None else text, **environment)
        self.assertEqual(done.returncode, status, done.stderr)
        if status == 0:
            self.assertEqual(done.stderr, "")
        elif status != EX_USAGE:
            self.assertIn("outlookfs: ", done.stderr)
        return done

    def outgoing(self, where="send"):
        return [name for name in os.listdir(self.mailbox.path("outbox", where))]


class Files(MailTest):
    """An .eml in outbox/send/."""

    def put(self, name, text):
        path = self.mailbox.path("outbox", "send", name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def test_cp_is_sent_once_and_moves_to_sent(self):
        text = text_of("Copied", "bob@contoso.com", "Grüße\n", "Cc: Carol <carol@contoso.com>", "Bcc: dave@contoso.com",
                       "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit")
        self.mailbox.run(["cp", self.home.write("mail.eml", text), self.mailbox.path("outbox", "send")])
        mail, = self.sent(1)
        self.assertEqual([mail[m] for m in ("To", "Cc", "Bcc", "Subject", "Body")],
                         ["bob@contoso.com", "carol@contoso.com", "dave@contoso.com", "Copied", "Grüße\n"])
        wait_for(lambda: "mail.eml" in self.outgoing("sent"), "in sent/")
        self.assertNotIn("mail.eml", self.outgoing())
        self.assertEqual(self.mailbox.read("outbox", "sent", "mail.eml"), text)
        self.mailbox.remount()
        self.assertEqual(self.mailbox.xattr("state", "outbox", "sent", "mail.eml"), "sent")
        self.sent(1)

    def test_rename_and_mv(self):
        temporary = self.put(".moved.tmp", text_of("Renamed"))
        os.rename(temporary, self.mailbox.path("outbox", "send", "renamed.eml"))
        self.sent(1)
        self.mailbox.run(["mv", self.home.write("moved.eml", text_of("Moved")), self.mailbox.path("outbox", "send")])
        self.assertEqual([mail["Subject"] for mail in self.sent(2)], ["Renamed", "Moved"])

    def test_attachments(self):
        data = bytes(range(256)) * 999 + b"end"
        self.put("attached.eml", with_attachment("Attached", "data.bin", data))
        message, attachments = self.arrived("Attached")
        self.assertEqual(message["Body"], "See the file.")
        with open(os.path.join(attachments, "data.bin"), "rb") as file:
            self.assertEqual(file.read(), data)

    def test_what_is_no_mail_is_refused(self):
        for text in ("\n\n", "Subject: nobody\n\nHello.\n", text_of("x", '"a b"@contoso.com')):
            path = self.mailbox.path("outbox", "send", "wrong.eml")
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.write(fd, text.encode())
            self.assertErrno(errno.EINVAL, os.close, fd)
            self.assertTrue(self.mailbox.xattr("error", "outbox", "send", "wrong.eml"))
            os.unlink(path)
        temporary = self.put("wrong.tmp", "Subject: nobody\n\nHello.\n")
        self.assertErrno(errno.EINVAL, os.rename, temporary, self.mailbox.path("outbox", "send", "wrong.eml"))
        os.unlink(temporary)
        self.sent(0)

    def test_what_is_not_sent(self):
        for name in (".x.eml", "~x.eml", "#x.eml", "x.eml~", "x.eml.swp"):
            os.unlink(self.put(name, text_of("Never")))
        self.put("empty.eml", "")
        self.assertEqual(self.mailbox.xattr("state", "outbox", "send", "empty.eml"), "local")
        for where in ("reply", "options", "approval"):
            path = self.mailbox.path("outbox", where, "x.eml")
            with open(path, "w", encoding="utf-8") as file:
                file.write(text_of("Never"))
            self.assertEqual(self.mailbox.xattr("state", "outbox", where, "x.eml"), "local")
            os.unlink(path)
        self.assertErrno(errno.EPERM, os.symlink, "empty.eml", self.mailbox.path("outbox", "send", "link.eml"))
        self.mailbox.sync()
        self.sent(0)
        os.unlink(self.mailbox.path("outbox", "send", "empty.eml"))

    def test_an_unknown_outcome_is_parked(self):
        self.mailbox.fault(operation="SendEmail", status=504, apply=True)
        path = self.put("lost.eml", text_of("Lost"))
        wait_for(lambda: self.mailbox.xattr("state", "outbox", "send", "lost.eml") == "failed", "failed")
        self.assertIn("may have been sent", self.mailbox.xattr("error", "outbox", "send", "lost.eml"))
        self.mailbox.remount()
        self.mailbox.sync(status=1)
        self.sent(1)
        os.unlink(path)


class FilesWithinTheDelay(MailTest):
    DELAY = "600"   # over by `outlookfs sync` only

    def put(self, name, text, mode="w"):
        path = self.mailbox.path("outbox", "send", name)
        with open(path, mode, encoding="utf-8") as file:
            file.write(text)
        return path

    def sync(self, count):
        self.mailbox.sync()
        return self.sent(count)

    def test_taken_back(self):
        os.unlink(self.put("back.eml", text_of("Back")))
        away = self.put("away.eml", text_of("Away"))
        os.rename(away, away + "~")
        self.sync(0)
        os.unlink(away + "~")

    def test_appended_in_two_steps(self):
        self.put("two.eml", text_of("Two steps", body="One.\n"))
        self.put("two.eml", "Two.\n", "a")
        mail, = self.sync(1)
        self.assertEqual(mail["Body"], "One.\nTwo.\n")

    def test_edited(self):
        path = self.put("edited.eml", text_of("First"))
        self.mailbox.run(["vim", "-N", "-u", "NONE", "-i", "NONE", "-es", "-c", "%s/First/Second/", "-c", "wq", path])
        self.mailbox.run(["sed", "-i", "s/Hello/Good day/", path])
        mail, = self.sync(1)
        self.assertEqual((mail["Subject"], mail["Body"]), ("Second", "Good day.\n"))

    def test_a_name_says_what_is_in_the_file(self):
        path = self.put("name.eml", text_of("Name"))
        self.assertErrno(errno.EINVAL, os.rename, path, path[:-len("eml")] + "json")
        os.rename(path, self.mailbox.path("outbox", "send", "other.eml"))
        self.sync(1)

    def test_killed_before_it_was_sent(self):
        self.put("killed.eml", text_of("Killed"))
        self.mailbox.kill9()
        self.mailbox.mount()
        self.assertEqual(self.mailbox.xattr("state", "outbox", "send", "killed.eml"), "waiting")
        self.sync(1)


class SendmailWithinTheDelay(MailTest):
    DELAY = "600"

    def test_success_means_that_it_is_in_the_journal(self):
        done = self.send("-v", OWNER)
        name = os.path.basename(done.stdout.strip())
        self.assertRegex(name, r"^sendmail-\d{8}T\d{6}Z-[0-9a-f]{16}\.json$")
        self.mailbox.kill9()
        self.mailbox.mount()
        self.assertEqual(self.outgoing(), [name])
        self.assertEqual(self.mailbox.xattr("state", "outbox", "send", name), "waiting")
        self.mailbox.sync()
        self.sent(1)
        self.assertEqual(self.outgoing("sent"), [name])


class Sendmail(MailTest):
    """The program itself, with a mount."""

    def test_envelope(self):
        text = text_of("Envelope", "Ann <ann@contoso.com>, bob@contoso.com", "x\n", "Cc: carol@contoso.com", "Bcc: dave@contoso.com",
                       "From: somebody@elsewhere.org")
        self.send("-i", "ann@contoso.com", "carol@contoso.com", "erin@contoso.com", text=text)
        self.send("-t", "-i", text=text)
        self.send("-t", "-i", "erin@contoso.com", "ANN@contoso.com", text=text)
        by_arguments, by_headers, by_both = self.sent(3)
        self.assertEqual((by_arguments["To"], by_arguments["Cc"], by_arguments["Bcc"]),
                         ("ann@contoso.com", "carol@contoso.com", "erin@contoso.com"))
        self.assertEqual((by_headers["To"], by_headers["Cc"], by_headers["Bcc"]),
                         ("ann@contoso.com;bob@contoso.com", "carol@contoso.com", "dave@contoso.com"))
        self.assertEqual((by_both["To"], by_both["Bcc"]),
                         ("ann@contoso.com;bob@contoso.com", "dave@contoso.com;erin@contoso.com"))
        for mail in (by_arguments, by_headers, by_both):
            self.assertNotIn("From", mail)
            self.assertNotIn("dave", mail["Body"])

    def test_hidden_recipients_do_not_see_each_other(self):
        text = text_of("Hidden", "undisclosed-recipients:;")
        self.send("ann@contoso.com", "bob@contoso.com", text=text)
        self.send("-t", text=text_of("Hidden", None, "x\n", "Bcc: ann@contoso.com, bob@contoso.com"))
        self.send("ann@contoso.com", text=text)
        both, from_headers, alone = self.sent(3)
        for mail in (both, from_headers):
            self.assertEqual((mail["To"], mail["Bcc"]), (OWNER, "ann@contoso.com;bob@contoso.com"))
        self.assertEqual(alone["To"], "ann@contoso.com")
        self.home.configure()
        self.assertIn("local-recipient", self.send("ann@contoso.com", "bob@contoso.com", text=text, status=EX_NOUSER).stderr)

    def test_sender(self):
        self.send("-f", OWNER, OWNER)
        self.send("-f", "root", OWNER)
        given, none = self.sent(2)
        self.assertEqual(given["From"], OWNER)
        self.assertNotIn("From", none)

    def test_lone_dot(self):
        text = text_of("Dot", body="before\n.\nafter\n")
        self.send(OWNER, text=text)
        self.send("-oi", OWNER, text=text)
        self.assertEqual([mail["Body"] for mail in self.sent(2)], ["before\n", "before\n.\nafter\n"])

    def test_text_beyond_ascii(self):
        body = "Zażółć gęślą jaźń, 日本語\n"
        self.send("-t", text=text_of("Grüße", body=body))
        self.send(OWNER, text=text_of("=?utf-8?q?Gr=C3=BC=C3=9Fe?=", OWNER, "na\u00efve\n", "Content-Type: text/plain; charset=iso-8859-1")
                  .encode("iso-8859-1"))
        first, second = self.sent(2)
        self.assertEqual((first["Subject"], first["Body"]), ("Grüße", body))
        self.assertEqual((second["Subject"], second["Body"]), ("Grüße", "na\u00efve\n"))

    def test_text_without_headers(self):
        self.send(OWNER, text="The disk is full: /var\n")
        self.send(OWNER, text="From me Thu Nov 23 09:14:05 2026\nSubject: Mailbox line\nno empty line\n")
        bare, broken = self.sent(2)
        self.assertEqual((bare["Subject"], bare["Body"]), ("", "The disk is full: /var\n"))
        self.assertEqual((broken["Subject"], broken["Body"]), ("Mailbox line", "no empty line\n"))

    def test_attachment(self):
        data = os.urandom(3000000)
        self.send("-t", "-i", text=with_attachment("Large", "large.bin", data))
        _, attachments = self.arrived("Large")
        with open(os.path.join(attachments, "large.bin"), "rb") as file:
            self.assertEqual(file.read(), data)

    def test_two_in_a_row(self):
        self.send(OWNER)
        self.send(OWNER)
        self.sent(2)

    def test_exit_codes(self):
        usage = self.send(status=EX_USAGE)
        self.assertIn("usage: outlookfs sendmail", usage.stderr)
        self.send("-bs", status=EX_USAGE)
        self.send("-Z", OWNER, status=EX_USAGE)
        self.assertEqual(self.home.dead_letter(), "")
        self.send(OWNER, text="", status=EX_DATAERR)
        self.send("-t", text="Subject: nobody\n\nHello.\n", status=EX_DATAERR)
        self.assertIn("Subject: nobody", self.home.dead_letter())
        self.home.configure("mount = /nowhere", "nonsense")
        self.send(OWNER, text=text_of("Bad configuration"), status=EX_CONFIG)
        self.home.configure("local-recipient = me")
        self.send(OWNER, text=text_of("Bad address"), status=EX_CONFIG)
        self.home.configure()
        done = self.send("root", text=text_of("No such user", "root"), status=EX_NOUSER)
        self.assertIn("local-recipient", done.stderr)
        self.assertIn(os.path.join(self.home.path, "dead.letter"), done.stderr)
        for subject in ("Bad configuration", "Bad address", "No such user"):
            self.assertIn("Subject: %s\n" % subject, self.home.dead_letter())
        self.assertEqual(self.send("--help").stdout[:29], "usage: outlookfs sendmail [-t")
        self.sent(0)

    def test_a_mount_that_is_not_there(self):
        directory = self.home.path
        self.assertIn("not an outlookfs mount", self.send(OWNER, status=EX_TEMPFAIL, OUTLOOKFS_MOUNT=directory).stderr)
        self.assertIn("/nowhere", self.send("--mount", "/nowhere", OWNER, status=EX_TEMPFAIL).stderr)
        self.mailbox.killed = True
        self.mailbox.process.kill()
        self.mailbox.process.wait(10)
        self.assertIn("dead mount", self.send(OWNER, status=EX_TEMPFAIL).stderr)
        self.assertEqual(self.home.dead_letter().count("Subject: Plain"), 3)
        self.mailbox.kill9()
        self.mailbox.mount()
        self.sent(0)

    def test_a_mount_that_hangs(self):
        self.mailbox.process.send_signal(signal.SIGSTOP)
        try:
            with open(self.home.write("input", text_of("Hangs")), "rb") as file:
                process = subprocess.Popen([self.home.sendmail, OWNER], stdin=file, env=self.home.environment,
                                           preexec_fn=die_with_parent)
            with self.assertRaises(subprocess.TimeoutExpired):
                process.wait(1)
            process.send_signal(signal.SIGINT)
            self.assertIn(process.wait(20), (-signal.SIGINT, EX_TEMPFAIL))  # it gives up by itself, too
            self.assertIn("stopped or hangs", self.send(OWNER, status=EX_TEMPFAIL).stderr)
        finally:
            self.mailbox.process.send_signal(signal.SIGCONT)
        self.mailbox.run(["ls", self.mailbox.path("outbox", "send")])

    def test_a_mount_for_reading_only(self):
        options = self.mailbox.options
        self.mailbox.options = options + ",ro"
        self.mailbox.remount()
        try:
            self.send(OWNER, status=EX_UNAVAILABLE)
            self.assertIn("Plain", self.home.dead_letter())
        finally:
            self.mailbox.options = options
            self.mailbox.remount()

    def test_what_the_service_refuses_is_in_failed(self):
        self.send("-f", "other@contoso.com", OWNER)
        wait_for(lambda: os.listdir(self.mailbox.path(".outlookfs", "failed")), "parked")
        for name in os.listdir(self.mailbox.path(".outlookfs", "failed")):
            os.unlink(self.mailbox.path(".outlookfs", "failed", name))
        self.sent(1)

    # --- programs

    def run_program(self, command, text, **environment):
        done = self.home.run(command, text, **environment)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_cron(self):
        text = ("From: root (Cron Daemon)\nTo: root\nSubject: Cron <root@host> /bin/backup\nMIME-Version: 1.0\n"
                "Content-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit\nX-Cron-Env: <HOME=/root>\n"
                "\nno space left — gerät voll\n")
        self.send("-FCronDaemon", "-i", "-B8BITMIME", "-oem", "root", text=text)
        message, _ = self.arrived("Cron <root@host> /bin/backup")
        self.assertEqual(message["Body"], "no space left — gerät voll\n")
        mail, = self.sent(1)
        self.assertEqual(mail["To"], OWNER)
        self.send("-t", text=text.replace("To: root", "To: root, admin\nCc: ann@contoso.com, " + OWNER))
        both = self.sent(2)[1]
        self.assertEqual((both["To"], both["Cc"]), (OWNER, "ann@contoso.com"))

    def test_bsd_mailx(self):
        rc = self.home.write("mailrc", "set sendmail=%s\n" % self.home.sendmail)
        self.run_program(["bsd-mailx", "-s", "From bsd-mailx", "-c", "carol@contoso.com", OWNER], "Größe: 3\n", MAILRC=rc)
        message, _ = self.arrived("From bsd-mailx")
        self.assertEqual(message["Body"].strip(), "Größe: 3")
        self.assertEqual(message["Cc"], "carol@contoso.com")

    def test_s_nail(self):
        self.run_program(["s-nail", "-:/", "-Smta=" + self.home.sendmail, "-s", "From s-nail", "-b", "dave@contoso.com", OWNER],
                         "Größe: 3\n")
        message, _ = self.arrived("From s-nail")
        self.assertEqual(message["Body"].strip(), "Größe: 3")
        mail, = self.sent(1)
        self.assertEqual((mail["To"], mail["Bcc"]), (OWNER, "dave@contoso.com"))

    def test_mutt(self):
        data = bytes(range(256)) * 500
        self.run_program(["mutt", "-n", "-F", "/dev/null", "-e", 'set sendmail="%s -oem -oi"' % self.home.sendmail, "-e", "set copy=no",
                          "-e", "set charset=utf-8", "-s", "From mutt", "-b", "dave@contoso.com",
                          "-a", self.home.write("räport.bin", data), "--", OWNER], "Größe: 3\n")
        message, attachments = self.arrived("From mutt")
        self.assertEqual(message["Body"].strip(), "Größe: 3")
        self.assertEqual(os.listdir(attachments), ["räport.bin"])
        with open(os.path.join(attachments, "räport.bin"), "rb") as file:
            self.assertEqual(file.read(), data)
        mail, = self.sent(1)
        self.assertEqual((mail["To"], mail["Bcc"]), (OWNER, "dave@contoso.com"))

    def git(self, *arguments, directory="repo"):
        done = self.home.run(["git", "-C", os.path.join(self.home.path, directory), "-c", "user.name=Ann", "-c", "user.email=ann@contoso.com"]
                             + list(arguments))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_git_send_email(self):
        os.mkdir(os.path.join(self.home.path, "repo"))
        self.git("init", "-q")
        for text in ("one\n", "one  \n\ttwö\n.\nFrom here\n"):
            self.home.write("repo/file", text)
            self.git("add", "file")
            self.git("commit", "-q", "-m", "Say it: %d lines" % len(text.splitlines()))
        common = ["send-email", "--to=" + OWNER, "--from=Ann <ann@contoso.com>", "--confirm=never", "--8bit-encoding=UTF-8", "-1"]
        self.git("-c", "sendemail.smtpserver=" + self.home.sendmail, *common)
        message, _ = self.arrived("[PATCH] Say it: 4 lines")
        self.git("-c", "sendemail.sendmailCmd=%s sendmail" % self.mailbox.program, *common)
        mails = self.sent(2)
        self.assertEqual(mails[0], mails[1])

        self.git("reset", "-q", "--hard", "HEAD^")
        received = self.home.write("received", "From: Ann <ann@contoso.com>\nSubject: %s\nContent-Type: text/plain; charset=utf-8\n\n%s"
                                   % (message["Subject"], message["Body"]))
        self.git("am", "-q", received)
        self.assertEqual(self.git("show", "HEAD:file"), "one  \n\ttwö\n.\nFrom here\n")
        self.assertEqual(self.git("log", "-1", "--format=%s %ae"), "Say it: 4 lines ann@contoso.com\n")


class Direct(unittest.TestCase):
    """Without a mount."""

    def setUp(self):
        self.sandbox = Sandbox(MountTest.build_dir, "--seed", "messages=1", token=TOKEN)
        self.addCleanup(self.sandbox.stop)
        self.home = Home(os.path.join(MountTest.build_dir, "outlookfs"))
        self.addCleanup(self.home.remove)
        os.chmod(self.home.write("token", TOKEN + "\n"), 0o600)
        # A mount of somebody else's test is not meant.
        self.home.configure("url = " + self.sandbox.url, "token-file = ~/token", "mount = /nowhere")

    def send(self, *arguments, text=None, status=0, **environment):
        done = self.home.run([self.home.sendmail] + list(arguments), text_of("Direct") if text is None else text, **environment)
        self.assertEqual(done.returncode, status, done.stderr)
        letters = 0 if status == 0 else 1
        self.assertEqual(self.home.dead_letter().count("Subject: "), letters)
        return done

    def requests(self):
        return len(self.sandbox.log(operation="SendEmail"))

    def test_accepted(self):
        self.send(OWNER)
        self.assertEqual([line["body"]["Subject"] for line in self.sandbox.log(operation="SendEmail")], ["Direct"])

    def test_options_of_the_service(self):
        self.home.configure("mount = /nowhere")
        self.send("--url", self.sandbox.url, "--token-file", os.path.join(self.home.path, "token"), OWNER)
        self.send(OWNER, OUTLOOKFS_URL=self.sandbox.url, OUTLOOKFS_TOKEN=TOKEN)
        self.assertEqual(self.requests(), 2)

    def test_no_service(self):
        self.home.configure("mount = /nowhere")
        self.assertIn("no service", self.send(OWNER, status=EX_CONFIG).stderr)

    def test_refused(self):
        done = self.send("a@b@c d", status=EX_DATAERR)
        self.assertEqual(self.requests(), 0)
        self.assertIn("dead.letter", done.stderr)

    def test_refused_by_the_service(self):
        self.sandbox.fault(operation="SendEmail", status=400)
        self.send(OWNER, status=EX_UNAVAILABLE)
        self.assertEqual(self.requests(), 1)

    def test_sending_as_somebody_else(self):
        done = self.send("-f", "other@contoso.com", OWNER, status=EX_NOPERM)
        self.assertIn("ErrorSendAsDenied", done.stderr)

    def test_token_refused(self):
        self.home.write("token", "another\n")
        self.send(OWNER, status=EX_NOPERM)

    def test_offline(self):
        self.sandbox.stop()
        self.send(OWNER, status=EX_TEMPFAIL)

    def test_a_service_that_hangs(self):
        """It is asked first, so nothing is sent of which nobody knows."""
        self.sandbox.process.send_signal(signal.SIGSTOP)
        self.addCleanup(self.sandbox.process.send_signal, signal.SIGCONT)
        self.assertIn("no answer within", self.send(OWNER, status=EX_TEMPFAIL).stderr)
        self.sandbox.process.send_signal(signal.SIGCONT)
        self.assertEqual(self.requests(), 0)

    def test_unknown_outcome(self):
        self.sandbox.fault(operation="SendEmail", status=504, apply=True)
        self.assertIn("may have been sent", self.send(OWNER, status=EX_SOFTWARE).stderr)
        self.assertEqual(self.requests(), 1)

    def test_lost_answer(self):
        self.sandbox.fault(operation="SendEmail", drop="after")
        self.assertIn("may have been sent", self.send(OWNER, status=EX_SOFTWARE).stderr)
        self.assertEqual(self.requests(), 1)

    def test_dead_letter_that_cannot_be_written(self):
        os.symlink("/dev/null", os.path.join(self.home.path, "dead.letter"))
        self.sandbox.stop()
        done = self.home.run([self.home.sendmail, OWNER], text_of("Nowhere"))
        self.assertEqual(done.returncode, EX_TEMPFAIL)
        self.assertIn("not saved", done.stderr)


class Killed(unittest.TestCase):
    def one_step(self, at):
        """The mount dies at a step of its journal: the exit status, and how many mails the next mount sends; None: it lived."""
        with CrashingMailbox(MountTest.build_dir, at, "send_delay=600") as mailbox:
            home = Home(mailbox.program)
            self.addCleanup(home.remove)
            status = home.run([home.sendmail, "--mount", mailbox.mountpoint, OWNER], text_of("Killed")).returncode
            if mailbox.where() is None:
                self.assertEqual(status, 0)
                mailbox.kill9()    # it would die when it is unmounted
                return None
            self.assertEqual("Killed" in home.dead_letter(), status != 0)
            mailbox.process.wait(20)
            mailbox.bury()
            mailbox.mount()
            mailbox.sync()
            return status, len(mailbox.requests("SendEmail"))

    def test_the_exit_status_says_what_is_in_the_journal(self):
        seen = set()
        for at in range(1, 200):
            step = self.one_step(at)
            if step is None:
                break
            seen.add(step)
        else:
            self.fail("no end after 200 steps")
        self.assertLessEqual(seen, {(EX_TEMPFAIL, 0), (EX_SOFTWARE, 0), (EX_SOFTWARE, 1), (0, 1)})
        self.assertIn((EX_SOFTWARE, 1), seen)
        self.assertIn((EX_TEMPFAIL, 0), seen)


class TheOnlyMount(unittest.TestCase):
    def test_found_by_itself_and_several_are_named(self):
        with Mailbox(MountTest.build_dir, "messages=1", options="send_delay=0") as one, \
                Mailbox(MountTest.build_dir, "messages=1", options="send_delay=0") as two:
            home = Home(one.program)
            self.addCleanup(home.remove)

            def send(*seen):
                """In a mount namespace where only these are to be seen."""
                return home.run(in_own_namespace([m.mountpoint for m in seen], home.sendmail, OWNER), text_of("Found"))

            done = send(one, two)
            self.assertEqual(done.returncode, EX_CONFIG, done.stderr)
            self.assertIn(one.mountpoint, done.stderr)
            self.assertIn(two.mountpoint, done.stderr)
            done = send(two)
            self.assertEqual(done.returncode, 0, done.stderr)
            wait_for(lambda: two.requests("SendEmail"), "sent")
            self.assertEqual(one.requests("SendEmail"), [])
            home.configure("mount = " + one.mountpoint)
            done = send(one, two)
            self.assertEqual(done.returncode, 0, done.stderr)
            wait_for(lambda: one.requests("SendEmail"), "sent")


if __name__ == "__main__":
    main()
