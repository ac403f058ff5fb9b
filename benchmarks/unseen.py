"""A second corpus for `benchmarks.masking`, made of what others wrote down.

`benchmarks.planted` was written beside the detectors, and holds what was thought of. This one was
written without a look at them: personal values are what Faker makes up for fourteen countries, and
secrets are drawn from formats that their vendors and public lists of rules (gitleaks,
detect-secrets) document. Many formats are nothing but letters and digits: these stand, as they do
in such lists, beside a name that says whose they are.
"""

from __future__ import annotations

import random
import re
import string
from collections.abc import Callable, Iterator
from typing import Final

from benchmarks.planted import Planted
from benchmarks.unseen_places import NAMED, PLACES

LOCALES: Final = (
    *("en_US", "en_GB", "de_DE", "fr_FR", "es_ES", "it_IT", "nl_NL", "pt_BR"),
    *("pl_PL", "sv_SE", "fi_FI", "tr_TR", "en_IN", "ja_JP"),
)

FORMS: Final = {
    "1Password": "A3-{A6}-{A11}-{A5}-{A5}-{A5}",
    "1Password service": "ops_eyJ{w250}",
    "Adobe": "p8e-{h32}",
    "age": "AGE-SECRET-KEY-1{q58}",
    "Airtable": "pat{w14}.{h64}",
    "Alibaba": "LTAI{w20}",
    "Anthropic": "sk-ant-api03-{u93}AA",
    "Artifactory": "AKCp{w69}",
    "Atlassian": "ATATT3{u186}",
    "AWS": "AKIA{b16}",
    "AWS, for a session": "ASIA{b16}",
    "AWS Bedrock": "ABSK{w112}",
    "Azure": "{w3}8Q~{u34}",
    "Azure storage": "AccountKey={w86}==",
    "ClickHouse": "4b1d{w38}",
    "Clojars": "CLOJARS_{w60}",
    "Cloudflare origin": "v1.0-{h24}-{h146}",
    "Databricks": "dapi{h32}",
    "DigitalOcean": "dop_v1_{h64}",
    "Discord": "M{w23}.{u6}.{w27}",
    "Doppler": "dp.pt.{w43}",
    "Dropbox": "sl.{u135}",
    "Duffel": "duffel_live_{u43}",
    "Dynatrace": "dt0c01.{A24}.{A64}",
    "EasyPost": "EZAK{w54}",
    "Facebook": "EAAC{w120}",
    "Flutterwave": "FLWSECK_TEST-{h32}-X",
    "Fly.io": "fo1_{u43}",
    "Frame.io": "fio-u-{u64}",
    "GitHub": "ghp_{w36}",
    "GitHub, fine-grained": "github_pat_{w22}_{w59}",
    "GitHub app": "ghs_{w36}",
    "GitLab": "glpat-{u20}",
    "GitLab runner": "glrt-{u20}",
    "GitLab deploy": "gldt-{u20}",
    "Google": "AIza{u35}",
    "Google OAuth": "ya29.{u120}",
    "Google client secret": "GOCSPX-{u28}",
    "Grafana": "glsa_{w32}_{h8}",
    "Grafana Cloud": "glc_{w80}",
    "Harness": "pat.{w22}.{h24}.{w20}",
    "HashiCorp Terraform": "{w14}.atlasv1.{u67}",
    "HashiCorp Vault": "hvs.{u95}",
    "Heroku": "HRKU-AA{u58}",
    "Hugging Face": "hf_{l34}",
    "Infracost": "ico-{w32}",
    "Linear": "lin_api_{w40}",
    "Mailchimp": "{h32}-us12",
    "Mailgun": "key-{h32}",
    "Mapbox": "sk.eyJ{w57}.{w22}",
    "MaxMind": "{w6}_{w29}_mmk",
    "New Relic": "NRAK-{A27}",
    "Notion": "ntn_{d11}{w35}",
    "npm": "npm_{w36}",
    "Octopus": "API-{A26}",
    "OpenAI": "sk-proj-{w58}T3BlbkFJ{w58}",
    "OpenAI, old": "sk-{w20}T3BlbkFJ{w20}",
    "OpenShift": "sha256~{u43}",
    "Perplexity": "pplx-{w48}",
    "Plaid": "access-production-{uuid}",
    "PlanetScale": "pscale_tkn_{u43}",
    "Postman": "PMAK-{h24}-{h34}",
    "Prefect": "pnu_{w36}",
    "Pulumi": "pul-{h40}",
    "PyPI": "pypi-AgEIcHlwaS5vcmc{u120}",
    "ReadMe": "rdme_{x70}",
    "RubyGems": "rubygems_{h48}",
    "SendGrid": "SG.{u22}.{u43}",
    "Sendinblue": "xkeysib-{h64}-{w16}",
    "Sentry": "sntryu_{h64}",
    "Shippo": "shippo_live_{h40}",
    "Shopify": "shpat_{h32}",
    "Slack bot": "xoxb-{d12}-{d12}-{w24}",
    "Slack app": "xapp-1-{A11}-{d13}-{h64}",
    "Slack webhook": "https://hooks.slack.com/services/T{A10}/B{A10}/{w24}",
    "Sourcegraph": "sgp_{h16}_{h40}",
    "Square": "sq0atp-{u22}",
    "Square secret": "sq0csp-{u43}",
    "Stripe": "sk_live_{w24}",
    "Stripe, restricted": "rk_live_{w99}",
    "Stripe webhook": "whsec_{w32}",
    "Supabase": "sbp_{h40}",
    "Telegram": "{d10}:AA{u33}",
    "Twilio": "SK{h32}",
    "Twitter": "AAAAAAAAAAAAAAAAAAAAAA{w90}",
    "Typeform": "tfp_{u59}",
    "Groq": "gsk_{w52}",
    "xAI": "xai-{w80}",
    "Replicate": "r8_{w37}",
    "LangSmith": "lsv2_pt_{h32}_{h10}",
    "Langfuse": "sk-lf-{uuid}",
    "Tavily": "tvly-{w32}",
}
"""What can be known by itself, wherever it stands."""

NAMED_FORMS: Final = {
    "ADAFRUIT_KEY": "{x32}",
    "algoliaApiKey": "{x32}",
    "asana_client_secret": "{x32}",
    "AZURE_OPENAI_API_KEY": "{h32}",
    "bitbucket_client_secret": "{x64}",
    "CLOUDFLARE_API_KEY": "{x40}",
    "codecov_token": "{uuid}",
    "CO_API_KEY": "{w40}",
    "coinbase_access_token": "{x64}",
    "confluent-secret": "{x64}",
    "contentfulDeliveryToken": "{u43}",
    "datadog_api_key": "{h32}",
    "DD_APP_KEY": "{h40}",
    "discordClientSecret": "{u32}",
    "dropbox_app_secret": "{x15}",
    "fastly_api_token": "{u32}",
    "HEROKU_API_KEY": "{uuid}",
    "intercomAccessToken": "{u60}",
    "jfrog_api_key": "{x73}",
    "kraken_private_key": "{w86}==",
    "kucoin_secret": "{uuid}",
    "linkedin_client_secret": "{w16}",
    "messagebird_api_key": "{w25}",
    "MISTRAL_API_KEY": "{w32}",
    "netlifyAccessToken": "{u43}",
    "okta_api_token": "00{u40}",
    "PINECONE_API_KEY": "{uuid}",
    "plaid_secret": "{h30}",
    "RAPIDAPI_KEY": "{x50}",
    "sentry_auth_token": "{h64}",
    "SNYK_TOKEN": "{uuid}",
    "sonar_token": "{h40}",
    "twitch_client_secret": "{x30}",
    "TWILIO_AUTH_TOKEN": "{h32}",
    "twitter_access_token_secret": "{w45}",
    "zendesk_api_token": "{w40}",
    "AWS_SECRET_ACCESS_KEY": "{w40}",
    "db_password": "{w12}!{d2}",
    "smtpPassword": "{l6}#{d3}{A2}",
    "session_cookie": "{w48}",
}
"""Letters and digits: known by the name before them."""

_LETTERS: Final = {
    "A": string.ascii_uppercase + string.digits,
    "b": string.ascii_uppercase + "234567",
    "d": string.digits,
    "h": "0123456789abcdef",
    "l": string.ascii_letters,
    "q": "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L",
    "u": string.ascii_letters + string.digits + "_-",
    "w": string.ascii_letters + string.digits,
    "x": string.ascii_lowercase + string.digits,
}


def unseen(count: int, seed: int = 3) -> list[Planted]:
    """Return about ``count`` values: half of them personal, where Faker is installed."""
    chance = random.Random(seed)
    sources = [_secrets(chance), _named(chance)]
    try:
        sources += [_personal(seed)] * 2
    except ImportError:
        print("Without Faker there are no personal values in the second corpus.")
    return [next(sources[number % len(sources)]) for number in range(count)]


def _drawn(form: str, chance: random.Random) -> str:
    def one(match: re.Match[str]) -> str:
        if match[0] == "{uuid}":
            parts = (_of("h", size, chance) for size in (8, 4, 4, 4, 12))
            return "-".join(parts)
        return _of(match[1], int(match[2]), chance)

    return re.sub(r"\{uuid\}|\{([a-zA-Z])([0-9]+)\}", one, form)


def _of(letters: str, count: int, chance: random.Random) -> str:
    drawn = chance.choices(_LETTERS[letters], k=count)
    if letters in "uwx":  # a hyphen at the end is no part of a word, and all letters are one
        drawn[-1] = chance.choice(string.ascii_lowercase)
        drawn[0] = chance.choice(string.digits)
    return "".join(drawn)


def _secrets(chance: random.Random) -> Iterator[Planted]:
    while True:
        for number, (vendor, form) in enumerate(FORMS.items()):
            value = _drawn(form, chance)
            place = list(PLACES)[(number + chance.randrange(len(PLACES))) % len(PLACES)]
            text = PLACES[place](value, chance)
            yield Planted("secret by its form", value, place, text, looks=vendor)


def _named(chance: random.Random) -> Iterator[Planted]:
    while True:
        for name, form in NAMED_FORMS.items():
            value = _drawn(form, chance)
            place = chance.choice(list(NAMED))
            text = NAMED[place](name, value)
            yield Planted("secret by its name", value, f"named, {place}", text, looks=name)


def _personal(seed: int) -> Iterator[Planted]:
    from faker import Faker

    chance = random.Random(seed)
    makers = {locale: Faker(locale) for locale in LOCALES}
    for maker in makers.values():
        maker.seed_instance(seed)

    def drawn() -> Iterator[Planted]:
        while True:
            for locale, maker in makers.items():
                for kind, draw in _kinds(maker).items():
                    value = draw()
                    place = chance.choice(list(PLACES))
                    text = PLACES[place](value, chance)
                    yield Planted(kind, value, place, text, looks=locale)

    return drawn()


def _kinds(maker: object) -> dict[str, Callable[[], str]]:
    kinds = {
        "email": "free_email",
        "email, company": "company_email",
        "phone": "phone_number",
        "card": "credit_card_number",
        "iban": "iban",
        "national id": "ssn",
        "ip": "ipv4_public",
        "ip, version 6": "ipv6",
    }
    return {kind: getattr(maker, name) for kind, name in kinds.items()}
