"""Forms of keys that vendors document: what one begins with, and what follows.

What it begins with says whose it is, and stays. Only what nothing else looks like is here: most
vendors' keys are nothing but letters and digits, and are known by the name that they stand under.
"""

from __future__ import annotations

import re
from typing import Final

from cassettes.redaction.prefilter import literal

_WORD: Final = "[A-Za-z0-9]"
_WIDE: Final = r"[A-Za-z0-9_\-]"
_HEX: Final = "[A-Fa-f0-9]"

BEGINNINGS: Final[dict[str, str]] = {
    # clouds and hosting
    "ABSK": "[A-Za-z0-9+/]{100,}={0,2}",  # Amazon Bedrock
    "bedrock-api-key-": "[A-Za-z0-9+/=]{40,}",
    "LTAI": f"{_WORD}{{20}}(?!{_WORD})",  # Alibaba
    "dop_v1_": f"{_HEX}{{64}}",  # DigitalOcean
    "doo_v1_": f"{_HEX}{{64}}",
    "dor_v1_": f"{_HEX}{{64}}",
    "HRKU-AA": f"{_WIDE}{{50,}}",  # Heroku
    "fo1_": f"{_WIDE}{{43}}",  # Fly.io
    "fm1a_": "[A-Za-z0-9+/]{80,}={0,3}",
    "fm1r_": "[A-Za-z0-9+/]{80,}={0,3}",
    "fm2_": "[A-Za-z0-9+/]{80,}={0,3}",
    "nfp_": f"{_WORD}{{36,}}",  # Netlify
    "rnd_": f"{_WORD}{{28,}}",  # Render
    "v1.0-": f"{_HEX}{{24}}-{_HEX}{{100,}}",  # Cloudflare's origin
    "tk-us-": f"{_WIDE}{{48}}",  # Scalingo
    "sbp_": f"{_HEX}{{40}}",  # Supabase
    "sb_secret_": f"{_WIDE}{{20,}}",
    "pscale_tkn_": r"[\w=.\-]{32,}",
    "pscale_oauth_": r"[\w=.\-]{32,}",
    "pscale_pw_": r"[\w=.\-]{32,}",
    "4b1d": f"{_WORD}{{38}}(?!{_WORD})",  # ClickHouse
    "dapi": f"{_HEX}{{32}}",  # Databricks
    "hvs.": f"{_WIDE}{{24,}}",  # HashiCorp Vault
    "hvb.": f"{_WIDE}{{100,}}",
    "hvr.": f"{_WIDE}{{24,}}",
    "sha256~": f"{_WIDE}{{43}}",  # OpenShift
    "pul-": f"{_HEX}{{40}}",  # Pulumi
    "ico-": f"{_WORD}{{32}}(?!{_WORD})",  # Infracost
    "dp.pt.": f"{_WORD}{{40,}}",  # Doppler
    "dp.ct.": f"{_WORD}{{40,}}",
    "dp.sa.": f"{_WORD}{{40,}}",
    "dp.scim.": f"{_WORD}{{40,}}",
    "dp.audit.": f"{_WORD}{{40,}}",
    "dnkey-": r"[a-z0-9=_\-]{26}-[a-z0-9=_\-]{52}",
    # code, packages, builds
    "gldt-": f"{_WIDE}{{20,}}",  # GitLab
    "glrt-": f"{_WIDE}{{20,}}",
    "glptt-": f"{_HEX}{{40}}",
    "glcbt-": f"{_WIDE}{{20,}}",
    "glft-": f"{_WIDE}{{20,}}",
    "glffct-": f"{_WIDE}{{20,}}",
    "glimt-": f"{_WIDE}{{20,}}",
    "glagent-": f"{_WIDE}{{40,}}",
    "gloas-": f"{_WIDE}{{40,}}",
    "glsoat-": f"{_WIDE}{{20,}}",
    "GR1348941": f"{_WIDE}{{20,}}",
    "ATATT3": r"[A-Za-z0-9_\-=]{100,}",  # Atlassian
    "ATCTT3": r"[A-Za-z0-9_\-=]{100,}",
    "ATBB": f"{_WORD}{{32}}(?!{_WORD})",  # Bitbucket
    "AKCp": f"{_WORD}{{60,}}",  # Artifactory
    "cmVmd": f"{_WORD}{{59}}(?!{_WORD})",
    "CLOJARS_": f"{_WORD}{{60}}",
    "rubygems_": f"{_HEX}{{48}}",
    "dckr_pat_": f"{_WIDE}{{20,}}",  # Docker
    "dckr_oat_": f"{_WIDE}{{20,}}",
    "sgp_": rf"(?:{_HEX}{{16}}_|local_)?{_HEX}{{40}}",  # Sourcegraph
    "bkua_": f"{_HEX}{{40}}",  # Buildkite
    "CCIPAT_": r"\w{30,}",  # CircleCI
    "PMAK-": f"{_HEX}{{24}}-{_HEX}{{34}}",  # Postman
    "pnu_": f"{_WORD}{{36}}",  # Prefect
    "rdme_": "[a-z0-9]{70}",  # ReadMe
    "API-": "[A-Z0-9]{25,32}(?![A-Za-z0-9-])",  # Octopus
    # watching
    "glsa_": f"{_WORD}{{32}}_{_HEX}{{8}}",  # Grafana
    "glc_": "[A-Za-z0-9+/]{32,}={0,3}",
    "dt0c01.": r"[A-Za-z0-9]{24}\.[A-Za-z0-9]{64}",  # Dynatrace
    "NRAK-": "[A-Za-z0-9]{27}",  # New Relic
    "NRJS-": f"{_HEX}{{19}}",
    "NRII-": "[A-Za-z0-9-]{32}",
    "NRIQ-": "[A-Za-z0-9-]{32}",
    "sntryu_": f"{_HEX}{{64}}",  # Sentry
    "sntrys_": "[A-Za-z0-9+/=_]{60,}",
    "phx_": f"{_WORD}{{40,}}",  # PostHog
    "xkeysib-": f"{_HEX}{{64}}-{_WORD}{{16}}",  # Brevo
    "xsmtpsib-": f"{_HEX}{{64}}-{_WORD}{{16}}",
    # models
    "pplx-": f"{_WORD}{{40,}}",  # Perplexity
    "xai-": f"{_WORD}{{60,}}",
    "r8_": f"{_WORD}{{37}}",  # Replicate
    "nvapi-": f"{_WIDE}{{50,}}",
    "tgp_v1_": f"{_WIDE}{{40,}}",  # Together
    "csk-": "[a-z0-9]{40,}",  # Cerebras
    "lsv2_pt_": f"{_HEX}{{32}}_{_HEX}{{10}}",  # LangSmith
    "lsv2_sk_": f"{_HEX}{{32}}_{_HEX}{{10}}",
    "tvly-": f"{_WIDE}{{20,}}",  # Tavily
    "jina_": f"{_WIDE}{{50,}}",
    "fc-": f"{_HEX}{{32}}(?!{_WORD})",  # Firecrawl
    "api_org_": "[A-Za-z]{34}",  # Hugging Face
    # shops, money, mail
    "shpat_": f"{_HEX}{{32}}",  # Shopify
    "shpca_": f"{_HEX}{{32}}",
    "shppa_": f"{_HEX}{{32}}",
    "shpss_": f"{_HEX}{{32}}",
    "sq0atp-": f"{_WIDE}{{22,}}",  # Square
    "sq0csp-": f"{_WIDE}{{43}}",
    "whsec_": "[A-Za-z0-9+/]{24,}={0,2}",
    "sk_prod_": f"{_WORD}{{10,}}",
    "rk_prod_": f"{_WORD}{{10,}}",
    "shippo_live_": f"{_HEX}{{40}}",
    "shippo_test_": f"{_HEX}{{40}}",
    "EZAK": f"{_WORD}{{54}}",  # EasyPost
    "EZTK": f"{_WORD}{{54}}",
    "duffel_live_": f"{_WIDE}{{43}}",
    "duffel_test_": f"{_WIDE}{{43}}",
    "FLWSECK-": f"{_HEX}{{32}}-X",  # Flutterwave
    "FLWSECK_TEST-": f"{_WORD}{{12,}}(?:-X)?",
    "access-sandbox-": f"{_HEX}{{8}}-[A-Fa-f0-9-]{{27}}",  # Plaid
    "access-development-": f"{_HEX}{{8}}-[A-Fa-f0-9-]{{27}}",
    "access-production-": f"{_HEX}{{8}}-[A-Fa-f0-9-]{{27}}",
    # work
    "lin_api_": f"{_WORD}{{32,}}",  # Linear
    "lin_oauth_": f"{_WORD}{{32,}}",
    "ntn_": f"{_WORD}{{40,}}",  # Notion
    "figd_": f"{_WIDE}{{36,}}",  # Figma
    "fio-u-": r"[A-Za-z0-9_\-=]{60,}",  # Frame.io
    "tfp_": r"[A-Za-z0-9_\-=.]{50,}",  # Typeform
    "p8e-": f"{_WORD}{{32}}",  # Adobe
    "sl.u.": r"[A-Za-z0-9_\-=]{100,}",  # Dropbox
    "sl.": r"[A-Za-z0-9_\-=]{100,}",
    "ops_": "eyJ[A-Za-z0-9+/]{100,}={0,3}",  # 1Password
    "A3-": "[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3}",
    "AGE-SECRET-KEY-1": "[A-Z0-9]{58}",
    "GOCSPX-": f"{_WIDE}{{20,}}",  # Google
    "CFPAT-": f"{_WIDE}{{40,}}",  # Contentful
}
"""What a key begins with, and the form of the rest."""

_APART: Final = "(?<![A-Za-z0-9+/])"
"""What stands before a key: not the middle of a picture in base64."""

FORMS: Final[dict[str, tuple[str, str]]] = {
    "Airtable": (r"pat[A-Za-z0-9]{14}\.[a-f0-9]{64}", r"\bpat\w{14}\.(?P<secret>[a-f0-9]{64})\b"),
    "Azure": (r"[0-9]Q~", r"(?<![\w~.])[\w~.]{3}[0-9]Q~[\w~.\-]{31,34}(?![\w~\-])"),
    "Discord": (
        r"[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27}",
        rf"{_APART}[MNO][\w-]{{23,27}}\.[\w-]{{6}}\.[\w-]{{27,38}}(?![\w-])",
    ),
    "Facebook": (r"EAA[A-Z][A-Za-z0-9]{90}", rf"{_APART}EAA[A-Z][A-Za-z0-9]{{90,}}(?![\w+/=])"),
    "Harness": (
        r"[ps]at\.[A-Za-z0-9_-]{22}\.",
        r"\b[ps]at\.(?P<secret>[\w-]{22}\.\w{24}\.\w{20})\b",
    ),
    "Terraform": (r"\.atlasv1\.", r"\b[A-Za-z0-9]{14}\.atlasv1\.[\w\-=]{60,70}"),
    "Mailchimp": (r"[a-f0-9]{32}-us[0-9]", r"\b[a-f0-9]{32}-us[0-9]{1,2}\b"),
    "Mailgun": (r"key-[a-f0-9]{32}", r"\b(?:pub)?key-(?P<secret>[a-f0-9]{32})\b"),
    "Mapbox": (r"[ps]k\.eyJ", r"\b[ps]k\.(?P<secret>eyJ[\w-]{20,}\.[\w-]{20,})"),
    "MaxMind": (r"_mmk", r"\b[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk\b"),
    "Resend": (
        r"re_[A-Za-z0-9]{8}_[A-Za-z0-9]{24}",
        r"\bre_(?P<secret>[A-Za-z0-9]{8}_[A-Za-z0-9]{24})\b",
    ),
    "Square": (r"EAAA[A-Za-z0-9_-]{60}", rf"{_APART}EAAA[\w-]{{60}}(?![\w+/=-])"),
    "Twilio": (r"SK[0-9a-f]{32}", r"\bSK(?P<secret>[0-9a-f]{32})\b"),
    "Twitter": (r"A{20}", rf"{_APART}A{{20,22}}(?P<secret>[A-Za-z0-9%]{{80,}})(?![\w+/=])"),
    "Azure storage": (r"ccountKey=", r"\bAccountKey=(?P<secret>[A-Za-z0-9+/]{40,}={0,2})"),
    "Slack": (r"slack\.com/triggers", r"hooks\.slack\.com/triggers/(?P<secret>[\w/-]{20,})"),
}
"""Keys without such a beginning: what the quick look asks for, and the form."""


_GROUP: Final = 24
"""Beginnings that one search looks for: of more it takes three times as long for each."""

_SLOW_TOGETHER: Final = ("Mailchimp", "Airtable", "Twilio", "Discord")
"""Forms that are looked for by a search of their own each: it takes a tenth of one for all."""


def forms() -> tuple[tuple[str, str, str], ...]:
    """Return, of each: a text that any key holds, or a search for one, and the form of the key."""
    begun = tuple(
        (start, "", rf"{_APART}{re.escape(start)}(?P<secret>{rest})")
        for start, rest in BEGINNINGS.items()
    )
    return (*begun, *(("", look, form) for look, form in FORMS.values()))


def searches() -> tuple[str, ...]:
    """Return what together finds anything that one of these must contain, for the quick look."""
    literals = list(map(literal, BEGINNINGS))
    groups = [literals[at : at + _GROUP] for at in range(0, len(literals), _GROUP)]
    groups.append([look for name, (look, _) in FORMS.items() if name not in _SLOW_TOGETHER])
    groups += [[FORMS[name][0]] for name in _SLOW_TOGETHER]
    return tuple("|".join(group) for group in groups)


def kept() -> str:
    """Return an expression of what stays of a key."""
    return "|".join(re.escape(one) for one in sorted(BEGINNINGS, key=len, reverse=True))
