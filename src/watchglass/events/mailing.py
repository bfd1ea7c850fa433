"""A notifier that hands mails to a mail server."""

import smtplib
import socket
import ssl

from watchglass.base.secret import Secret
from watchglass.events.message import mail, plain
from watchglass.model.notice_way import MailSettings, MailTls
from watchglass.model.notifier import Connect, NotTakenError, Parcel

_READY = 220
_MOST_SAID = 200


class _Checked(smtplib.SMTP):
    """SMTP over a connection that was made before."""

    def __init__(self, made: socket.socket, host: str, timeout_s: float) -> None:
        self._made = made
        super().__init__(timeout=timeout_s, local_hostname="watchglass")
        self._host = host  # what STARTTLS checks the certificate against
        code, answer = self.connect(host, 1)
        if code != _READY:
            raise smtplib.SMTPConnectError(code, answer)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return self._made


class Mailing:
    """See `Notifier`."""

    def __init__(
        self, settings: MailSettings, password: Secret | None, connect: Connect, timeout_s: float
    ) -> None:
        self._settings = settings
        self._password = password
        self._connect = connect
        self._timeout_s = timeout_s

    def send(self, parcel: Parcel) -> None:
        """See `Notifier.send`."""
        try:
            self._send(mail(self._settings, parcel))
        except smtplib.SMTPException as error:
            raise NotTakenError(_words(error)) from error

    def _send(self, message: str) -> None:
        of = self._settings
        made = self._connect(of.host, of.port)
        context = ssl.create_default_context()
        try:
            if of.tls is MailTls.TLS:
                made = context.wrap_socket(made, server_hostname=of.host)
            with _Checked(made, of.host, self._timeout_s) as server:
                if of.tls is MailTls.STARTTLS:
                    server.starttls(context=context)
                if of.user:
                    server.login(of.user, self._password.reveal() if self._password else "")
                server.sendmail(of.sender, of.to, message.encode("ascii"))
        finally:
            made.close()

    def close(self) -> None:
        """Nothing is kept."""


def _words(error: smtplib.SMTPException) -> str:
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return "The mail server refuses user name or password."
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "The mail server does not offer the encryption or the log-in that was asked for."
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return "The mail server hung up: does it speak SMTP in the way that was chosen?"
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return "The mail server takes no mail to these addresses."
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        text = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
        return f"The mail server answers {error.smtp_code}: {plain(text)[:_MOST_SAID]}"
    return f"The mail server does not take it ({type(error).__name__})."
