"""The app: Flask-SQLAlchemy, Flask-Login, Flask-Admin, and the extension."""

from __future__ import annotations

import os

from flask import Flask
from flask_admin import Admin
from flask_login import LoginManager
from flask_login import UserMixin
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import orm

from flask_ops_refresh import OperationRunMixin
from flask_ops_refresh import OpsRefresh
from flask_ops_refresh import Scope


class Base(orm.DeclarativeBase):
    pass


db = SQLAlchemy(model_class=Base)


class User(UserMixin, db.Model):
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    workspace_id: orm.Mapped[int | None]


class OperationRun(OperationRunMixin, db.Model):
    __tablename__ = "operation_runs"


app = Flask(__name__)
app.config.update(
    SECRET_KEY=os.environ["SECRET_KEY"],
    SQLALCHEMY_DATABASE_URI=os.environ["DATABASE_URL"],
)
db.init_app(app)
login_manager = LoginManager(app)
admin = Admin(app, name="Shop")

ops = OpsRefresh(operation_run=OperationRun)


@login_manager.user_loader
def load_user(user_id):
    return db.session.get(User, int(user_id))


@ops.scope_loader
def load_scope(user):
    if user.workspace_id is None:
        return None
    return Scope(workspace_id=user.workspace_id)


ops.init_app(app)
