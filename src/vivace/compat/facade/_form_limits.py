"""The type of the limits on a form."""

from __future__ import annotations

from vivace.declare.form_limits import FormLimits as _FormLimits

__all__ = ["_FormLimits"]
