"""Signing in and out."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint
from flask import current_app
from flask import Flask
from flask import redirect
from flask import render_template
from flask import request
from flask import session
from flask import url_for
from flask_login import current_user
from flask_login import login_user
from flask_login import LoginManager
from flask_login import logout_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import BooleanField
from wtforms import PasswordField
from wtforms import StringField
from wtforms.validators import InputRequired
from wtforms.validators import Length

from .database import db
from .models import User
from .passwords import is_password

_blueprint = Blueprint("sign_in", __name__)


class SignInForm(FlaskForm):  # type: ignore[misc]
    """Name, password, and whether to be remembered."""

    name = StringField("Name", [InputRequired(), Length(max=80)])
    password = PasswordField("Password", [InputRequired(), Length(max=200)])
    remember = BooleanField("Keep me signed in on this computer")


def init_sign_in(app: Flask) -> None:
    """Add the pages and tell Flask-Login who is who."""
    app.register_blueprint(_blueprint)
    app.add_url_rule("/", "root", lambda: redirect(url_for("admin.index")))
    login_manager = LoginManager(app)
    login_manager.login_view = "sign_in.sign_in"  # pyright: ignore
    login_manager.login_message = None  # pyright: ignore
    login_manager.session_protection = "strong"
    login_manager.user_loader(_load_user)


@_blueprint.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> Response | str | tuple[str, int]:
    """Ask for name and password; let in who has both right."""
    form = SignInForm()
    if form.validate_on_submit():
        user = _find_user(form.name.data or "", form.password.data or "")
        if user is not None:
            # Nothing of whoever used this browser before stays.
            session.clear()
            login_user(user, remember=form.remember.data)
            return redirect(_destination())
        form.password.errors = ["The name or the password is wrong."]
    elif signed_in_user() is not None:
        return redirect(_destination())
    return render_template("sign_in.html", form=form), 403 if form.errors else 200


@_blueprint.post("/sign-out")
def sign_out() -> Response:
    """End the session."""
    logout_user()
    # Flask-Login leaves word in the session when a remember cookie has to go.
    remembered = session.get("_remember")
    session.clear()
    if remembered:
        session["_remember"] = remembered
    return redirect(url_for("sign_in.sign_in"))


def signed_in_user() -> User | None:
    """Who is signed in."""
    user = current_user._get_current_object()
    return user if isinstance(user, User) else None


def ask_to_sign_in() -> Response:
    """The answer to someone who is not signed in and has to be."""
    answer: Response = current_app.login_manager.unauthorized()  # type: ignore[attr-defined]
    return answer


def is_own_path(address: str | None) -> bool:
    """Whether an address is a path of this site and of no other."""
    if not address or not address.startswith("/"):
        return False
    # Two slashes begin a host's name; browsers read a backslash as a slash, and
    # leave out tabs and line breaks before they look.
    return (
        not address.startswith("//") and "\\" not in address and address.isprintable()
    )


def _destination() -> str:
    wanted = request.args.get("next")
    return wanted if wanted and is_own_path(wanted) else url_for("admin.index")


def _find_user(name: str, password: str) -> User | None:
    # Nobody's name has a NUL in it, and not every database takes one.
    name = name.replace("\0", "\ufffd").strip().casefold()
    user = db.session.scalar(sa.select(User).where(User.sign_in_name == name))
    right = is_password(user and user.password_hash, password)
    return user if user and right and user.active else None


def _load_user(id: str) -> User | None:
    user = db.session.get(User, int(id)) if id.isdecimal() else None
    return user if user and user.active else None
