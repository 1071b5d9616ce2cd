"""A model view in which nothing is read, offered or changed out of scope.

Flask-Admin's own ``get_query`` narrows its list alone. Here every route of a model
view goes through the scope, those that a subclass turns on as well: editing,
deleting, creating, editing in the list, look-ups and actions.
"""

from __future__ import annotations

import collections.abc as cabc
import typing as t

import sqlalchemy as sa
from flask import abort
from flask import current_app
from flask import flash
from flask import redirect
from flask import request
from flask_admin.actions import action
from flask_admin.babel import ngettext
from flask_admin.base import expose
from flask_admin.contrib.sqla.view import ModelView
from flask_admin.helpers import flash_errors
from flask_admin.helpers import get_redirect_target
from flask_admin.helpers import is_form_submitted
from flask_admin.model.helpers import get_mdict_item_or_list
from sqlalchemy.exc import IntegrityError
from werkzeug.exceptions import Unauthorized
from wtforms.validators import ValidationError

from . import scoped_forms
from .denial_log import deny
from .denial_log import name_records
from .denial_log import note_failure
from .finding import found_or_none
from .form_tokens import require_token
from .form_tokens import with_token
from .installation import Installation
from .installation import Installed
from .model_mapping import ModelMapping
from .request_origin import from_own_site
from .request_origin import stays_here
from .scope import Scope
from .scoped_changes import ScopedChanges
from .scoped_choices import choices_not_offered
from .scoped_inline_forms import scoped_inline_converter
from .translation import gettext
from .translation import lazy_gettext

#: Records looked for in one SELECT.
_BATCH = 500

_FORM_CLASSES = (
    "_create_form_class",
    "_edit_form_class",
    "_delete_form_class",
    "_action_form_class",
    "_list_form_class",
)


class ScopedModelView(ModelView):
    """A model view of the records in scope.

    :param installed: gives the extension as it stands in the current app, of which
        an Admin may serve several.
    :param records: what the extension uses of the app's model.
    """

    def __init__(
        self,
        model: type[t.Any],
        session: t.Any,
        *,
        installed: Installed,
        records: ModelMapping,
        **options: t.Any,
    ) -> None:
        self._installed = installed
        self._records = records
        self._related = scoped_forms.RelatedRecords(
            installed,
            self.related_criteria,
            lambda other: self.get_query() if other is model else None,
        )
        self.model_form_converter: type[t.Any] = scoped_forms.scoped_converter(
            self.model_form_converter, self._related
        )
        super().__init__(model, session, **options)

    @property
    def installation(self) -> Installation:
        """The extension as it stands in the current app."""
        return self._installed()

    # Access

    def is_visible(self) -> bool:
        """Whether the menu shows the view: only to those who see anything in it."""
        return super().is_visible() and self.installation.access.sees_something()

    def _handle_view(self, name: str, **kwargs: t.Any) -> t.Any:
        try:
            self.installation.access.require()
        except Unauthorized:
            deny(401)
            return current_app.login_manager.unauthorized()  # type: ignore[attr-defined]
        if not stays_here(request.values.get("url")):
            abort(400)
        if request.method not in ("GET", "HEAD") and not from_own_site():
            abort(400)
        return super()._handle_view(name, **kwargs)

    # Reading, each time through the scope

    def get_query(self) -> t.Any:
        """The records in scope, as a query of the model."""
        criteria = self.installation.access.require().criteria(self.model)
        return self.installation.get_session().query(self.model).filter(*criteria)

    def get_count_query(self) -> t.Any:
        """How many records are in scope."""
        return self.get_query().with_entities(sa.func.count())

    def get_one(self, id: t.Any) -> t.Any:
        """The model's instance of a record in scope; ``None`` for anything else."""
        query = self.get_query().filter(self._records.named(id))
        return found_or_none(self.installation.get_session(), query.one_or_none)

    def get_those(
        self, keys: cabc.Sequence[tuple[t.Any, ...]], *options: t.Any
    ) -> list[t.Any]:
        """The model's instances of those records that are in scope.

        :param options: how to load them, as a query takes it.
        """
        session = self.installation.get_session()
        found: list[t.Any] = []
        for query in self._queries_of(keys):
            found.extend(found_or_none(session, query.options(*options).all) or ())
        return found

    def _queries_of(
        self, keys: cabc.Sequence[tuple[t.Any, ...]]
    ) -> cabc.Iterator[t.Any]:
        """Queries of those records that are in scope, a bounded number in each."""
        for start in range(0, max(len(keys), 1), _BATCH):
            wanted = self._records.among(keys[start : start + _BATCH])
            yield self.get_query().filter(wanted)

    def related_criteria(
        self, scope: Scope, model: t.Any
    ) -> list[sa.ColumnElement[bool]]:
        """The conditions under which a form offers a record of another model.

        Override it for models that tell in their own way who may see a record. By
        default that is said by ``workspace_id`` and ``tenant_id``; of a model that
        has no ``workspace_id`` nothing is offered, but for the scope's tenants and,
        in inline forms, the parts of a record in scope.
        """
        parts = self._related.parts
        return scoped_forms.related_criteria(self._records, scope, model, parts)

    # Routes that name records: 404 for one that is not there or not in scope

    @expose("/new/", methods=("GET", "POST"))
    def create_view(self) -> t.Any:
        """The form of a new record, where the view has one."""
        if not self.can_create:
            abort(404)
        return super().create_view()

    @expose("/edit/", methods=("GET", "POST"))
    def edit_view(self) -> t.Any:
        """The form of a record, where the view has one."""
        if not self.can_edit:
            abort(404)
        self._require_one(get_mdict_item_or_list(request.args, "id"))
        return super().edit_view()

    @expose("/delete/", methods=("POST",))
    def delete_view(self) -> t.Any:
        """Delete a record, where the view allows it."""
        if not self.can_delete:
            abort(404)
        id = request.form.get("id", "")
        self._require_one(id)
        if not self._may_delete(id):
            return redirect(self._return_url() or self.get_url(".index_view"))
        return super().delete_view()

    def _may_delete(self, id: str) -> bool:
        """Whether a record in scope may be deleted as it is now."""
        return True

    @expose("/ajax/update/", methods=("POST",))
    def ajax_update(self) -> t.Any:
        """Change a record in the list, where the view allows to edit there."""
        if not (self.can_edit and self.column_editable_list):
            abort(404)
        self._require_one(request.form.get("list_form_pk"))
        return super().ajax_update()

    def handle_action(self, return_view: str | None = None) -> t.Any:
        """Run an action on those of the records named that are in scope."""
        name = request.form.get("action", "")
        handler = self._actions_data.get(name)
        if handler is None or not self.is_action_allowed(name):
            abort(404)
        response = self._run_action(name, handler[0])
        if response is not None:
            return response
        if return_view:
            return redirect(self.get_url(f".{return_view}"))
        return redirect(self._return_url() or self.get_url(".index_view"))

    def _run_action(
        self, name: str, handler: cabc.Callable[[list[str]], t.Any]
    ) -> t.Any:
        form = self.action_form()
        if not self.validate_form(form):
            flash_errors(form, message="Failed to perform action. %(error)s")
            return None
        ids = self._ids_in_scope(request.form.getlist("rowid"))
        offered = self._ids_offered(name, ids)
        return handler(offered) if offered else None

    def _ids_offered(self, name: str, ids: list[str]) -> list[str]:
        """Those that an action is possible for; the person is told of others."""
        return ids

    def _return_url(self) -> str | None:
        """Where the form that was sent leads back to."""
        return get_redirect_target()

    def _require_one(self, id: t.Any) -> None:
        name_records([id])
        if self.get_one(id) is None:
            abort(404)

    def _ids_in_scope(self, ids: cabc.Iterable[str]) -> list[str]:
        keys = {id: self._records.decode_key(id) for id in ids}
        known = self._known_among([key for key in keys.values() if key is not None])
        # In its one spelling; another one is no id that a page has.
        known_ids = {self._records.encode_key(key) for key in known}
        allowed = [id for id in keys if id in known_ids]
        if len(allowed) < len(keys) or not keys:
            deny(404, [id for id in keys if id not in known_ids])
        if not allowed:
            abort(404)
        return allowed

    def _known_among(
        self, keys: cabc.Sequence[tuple[t.Any, ...]]
    ) -> set[tuple[t.Any, ...]]:
        """The keys of those in scope; nothing else of the records is read."""
        session, records = self.installation.get_session(), self._records
        known: set[tuple[t.Any, ...]] = set()
        for query in self._queries_of(keys):
            selected = query.with_entities(*records.key_columns())
            for row in found_or_none(session, selected.all) or ():
                known.add(records.stored_key(row))
        return known

    # Changing

    def _refresh_forms_cache(self) -> None:
        super()._refresh_forms_cache()
        for name in _FORM_CLASSES:
            if (form_class := getattr(self, name, None)) is not None:
                setattr(self, name, with_token(form_class))

    def scaffold_inline_form_models(self, form_class: type[t.Any]) -> type[t.Any]:
        """Add the inline forms, each by its own converter or the view's."""
        inline_models: t.Any = self.inline_models or ()
        for each in inline_models:
            base = getattr(each, "inline_converter", self.inline_model_form_converter)
            scoped = scoped_inline_converter(base, self._related)
            converter = scoped(self.session, self, self.model_form_converter)
            form_class = converter.contribute(self.model, form_class, each)
        return form_class

    def _process_ajax_references(self) -> dict[str, t.Any]:
        loaders = super()._process_ajax_references()
        return {name: self._related.scoped_loader(loaders[name]) for name in loaders}

    def validate_form(self, form: t.Any) -> bool:
        """Whether a form was sent and is right; 400 for one without its token."""
        if is_form_submitted():
            require_token(form)
        is_right = bool(super().validate_form(form))
        if not is_right and (refused := choices_not_offered(form)):
            deny(404, refused)
        return is_right

    def create_model(self, form: t.Any) -> t.Any:
        """Store a new record, if all that it stores is in scope."""
        with ScopedChanges(self._related, self.model, form).watched():
            return super().create_model(form)

    def update_model(self, form: t.Any, model: t.Any) -> bool:
        """Change a record, if all that this stores is in scope."""
        with ScopedChanges(self._related, self.model, form).watched():
            return bool(super().update_model(form, model))

    def _on_model_change(self, form: t.Any, model: t.Any, is_created: bool) -> None:
        super()._on_model_change(form, model, is_created)
        if refused := choices_not_offered(form):
            raise scoped_forms.NotOffered(refused)
        self.installation.get_session().flush()
        if self.get_one(self.get_pk_value(model)) is None:
            key = self.get_pk_value(model)
            raise scoped_forms.NotOffered.as_it_would_become([key])

    def handle_view_exception(self, exc: Exception) -> bool:
        """Tell the person that a change failed, and only the log why."""
        if isinstance(exc, scoped_forms.NotOffered):
            deny(404, exc.keys)
        if isinstance(exc, ValidationError):
            return super().handle_view_exception(exc)
        config = current_app.config
        raises = self._debug or config.get("FLASK_ADMIN_RAISE_ON_VIEW_EXCEPTION")
        if isinstance(exc, IntegrityError):
            raises = config.get("FLASK_ADMIN_RAISE_ON_INTEGRITY_ERROR", raises)
        if raises:
            raise exc
        note_failure(exc)
        flash(gettext("The change could not be saved."), "error")
        return True

    @action(
        "delete",
        lazy_gettext("Delete"),
        lazy_gettext("Are you sure you want to delete selected records?"),
    )
    def action_delete(self, ids: cabc.Sequence[str]) -> None:
        """Delete the records of these ids."""
        keys = [key for key in map(self._records.decode_key, ids) if key is not None]
        count = sum(self.delete_model(each) for each in self.get_those(keys))
        flash(
            ngettext(
                "Record was successfully deleted.",
                "%(count)s records were successfully deleted.",
                count,
                count=count,
            ),
            "success",
        )
