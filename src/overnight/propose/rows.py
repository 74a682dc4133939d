"""The coding clients that are known by name, as data: how each is started, what it may know, and how it is listened to.

They are found on PATH and never installed by us. Each gets edit tools only, as far as it can be told so, a home of its
own, and no setting of the user's or of the repository's; telemetry and updates are off. A client that is not here is
a `command`. In the texts `{prompt}`, `{prompt_file}`, `{workdir}`, `{home}`, `{model}`, `{provider}`, `{seconds}`,
`{base_url}` and `{key}` are filled in.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    argv: Words  # with everything that is always said
    reader: str  # of `stream.READERS`
    prompt: Words = ("{prompt}",)  # at the end
    keyed: Words = ()  # where a key in the environment is used
    logged_in: Words = ()  # where the user's login is used
    walled: Words = ()  # where walls of ours stand around it
    bare: Words = ()  # where none do
    model: Words = ("--model", "{model}")
    provider: Words = ()  # none: it knows no providers
    url: Words = ()  # where a base_url is said
    base_url: str = ""  # where none is said; "": its own
    url_env: Mapping[str, str] = field(default_factory=dict)  # where one is said, in place of the user's keys
    url_files: Mapping[str, str] = field(default_factory=dict)  # the same, in its home
    env: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)  # in its home
    keyed_files: Mapping[str, str] = field(default_factory=dict)  # the same, where no login is used
    keys: Words = ()  # variables of the user's that it is given, if they are set
    login: Words = ()  # what `login=on` shares of the user's home
    url_model: str = "{model}"  # the model's name where a base_url is said
    oldest: str = ""  # version that knows all these options
    get: str = ""  # how people get it
    idle_seconds: float | None = 300.0  # without a word of it


CLAUDE = Row(
    name="claude",
    argv=(
        *("claude", "-p", "--output-format", "stream-json", "--verbose", "--permission-mode", "acceptEdits"),
        *("--tools", "Read,Edit,Write,Grep,Glob", "--no-session-persistence"),
    ),
    reader="claude",
    prompt=("--", "{prompt}"),
    keyed=("--bare",),  # else hooks that stand in the repository are run, and a request has 89 KB in place of 3
    logged_in=("--safe-mode", "--setting-sources", "", "--strict-mcp-config"),
    url_env={"ANTHROPIC_BASE_URL": "{base_url}", "ANTHROPIC_API_KEY": "{key}"},
    env={
        "CLAUDE_CODE_MAX_RETRIES": "2",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
        "DISABLE_TELEMETRY": "1",
        "DISABLE_ERROR_REPORTING": "1",
    },
    keys=("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL"),
    login=(".claude", ".claude.json"),
    oldest="2.1",
    get="npm install -g @anthropic-ai/claude-code",
)

_CODEX_PROVIDER = (
    'model_providers.key={name="key",base_url="{base_url}",env_key="OPENAI_API_KEY",wire_api="responses",'
    "request_max_retries=2,stream_max_retries=2}"
)

CODEX = Row(
    name="codex",
    argv=(
        *("codex", "exec", "--json", "--ephemeral", "--ignore-user-config", "--ignore-rules", "--skip-git-repo-check"),
        *("-c", "analytics.enabled=false", "-c", "check_for_update_on_startup=false", "-c", "features.plugins=false"),
    ),
    reader="codex",
    prompt=("--", "{prompt}"),
    keyed=("-c", "model_provider=key", "-c", _CODEX_PROVIDER),
    walled=("-s", "danger-full-access"),  # its own walls cannot be built within ours
    bare=(
        *("-s", "workspace-write", "-c", "sandbox_workspace_write.exclude_slash_tmp=true"),
        *("-c", "sandbox_workspace_write.exclude_tmpdir_env_var=true"),
    ),
    model=("-m", "{model}"),
    base_url="https://api.openai.com/v1",
    url_env={"OPENAI_API_KEY": "{key}"},
    keys=("OPENAI_API_KEY",),
    login=(".codex",),
    oldest="0.160",
    get="npm install -g @openai/codex",
)

PI = Row(
    name="pi",
    argv=(
        *("pi", "-p", "--mode", "json", "--no-session", "--no-extensions", "--no-skills", "--no-context-files"),
        *("--no-approve", "--offline", "--tools", "read,edit,write,grep,find,ls"),
    ),
    reader="pi",
    prompt=("--", "{prompt}"),
    provider=("--provider", "{provider}"),
    url=("--provider", "here"),
    url_env={"OPENAI_API_KEY": "{key}"},
    url_files={
        ".pi/agent/models.json": json.dumps(
            {
                "providers": {
                    "here": {
                        "baseUrl": "{base_url}",
                        "api": "openai-completions",
                        "apiKey": "OPENAI_API_KEY",
                        "models": [{"id": "{model}"}],
                    }
                }
            }
        )
    },
    files={".pi/agent/settings.json": json.dumps({"retry": {"maxRetries": 1}})},
    env={"PI_TELEMETRY": "0", "PI_SKIP_VERSION_CHECK": "1"},
    keys=(
        *("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GEMINI_API_KEY", "OPENROUTER_API_KEY", "GROQ_API_KEY"),
        *("XAI_API_KEY", "MISTRAL_API_KEY", "DEEPSEEK_API_KEY", "CEREBRAS_API_KEY"),
    ),
    login=(".pi",),
    oldest="0.80, with node 22.19",
    get="npm install -g @earendil-works/pi-coding-agent",
)

OPENCODE = Row(
    name="opencode",
    argv=("opencode", "run", "--format", "json", "--title", "experiment"),
    reader="opencode",
    prompt=("--", "{prompt}"),
    model=("-m", "{model}"),  # as PROVIDER/MODEL
    url_model="here/{model}",
    url_env={"OPENAI_API_KEY": "{key}"},
    url_files={
        ".config/opencode/opencode.json": json.dumps(
            {
                "provider": {
                    "here": {
                        "npm": "@ai-sdk/openai-compatible",
                        "name": "here",
                        "options": {"baseURL": "{base_url}", "apiKey": "{key}"},
                        "models": {"{model}": {}},
                    }
                }
            }
        )
    },
    env={
        "OPENCODE_CONFIG_CONTENT": json.dumps(
            {
                "permission": {"edit": "allow", "bash": "deny", "webfetch": "deny", "external_directory": "deny"},
                "autoupdate": False,
                "share": "disabled",
            }
        ),
        "OPENCODE_DISABLE_AUTOUPDATE": "1",
        "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
        "OPENCODE_DISABLE_MODELS_FETCH": "1",  # what it knows of models is in it
        "OPENCODE_DISABLE_DEFAULT_PLUGINS": "1",
    },
    keys=("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GEMINI_API_KEY", "OPENROUTER_API_KEY", "GROQ_API_KEY"),
    login=(".local/share/opencode",),
    get="npm install -g opencode-ai",
)

GOOSE = Row(
    name="goose",
    argv=(
        *("goose", "run", "--no-session", "--no-profile", "--with-builtin", "developer", "-q"),
        *("--output-format", "stream-json"),
    ),
    reader="goose",
    prompt=("-t", "{prompt}"),
    provider=("--provider", "{provider}"),
    url=("--provider", "openai"),
    url_env={"OPENAI_HOST": "{base_url}", "OPENAI_API_KEY": "{key}"},
    env={"GOOSE_DISABLE_KEYRING": "1", "GOOSE_TELEMETRY_ENABLED": "false", "GOOSE_MODE": "auto"},
    keys=("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GOOGLE_API_KEY", "OPENROUTER_API_KEY"),
    login=(".config/goose",),
    get="see the pages of goose",
)

GEMINI = Row(
    name="gemini",
    argv=("gemini", "--approval-mode", "auto_edit", "--skip-trust", "-o", "stream-json"),
    reader="gemini",
    prompt=("-p", "{prompt}"),
    model=("-m", "{model}"),
    url_env={"GOOGLE_GEMINI_BASE_URL": "{base_url}", "GEMINI_API_KEY": "{key}"},
    keyed_files={
        ".gemini/settings.json": json.dumps(
            {
                "security": {"auth": {"selectedType": "gemini-api-key"}},
                "privacy": {"usageStatisticsEnabled": False},
                "general": {"enableAutoUpdate": False},
            }
        )
    },
    keys=("GEMINI_API_KEY",),
    login=(".gemini",),
    get="npm install -g @google/gemini-cli",
)

QWEN = Row(
    name="qwen",
    argv=("qwen", "--approval-mode", "auto-edit", "--bare", "-o", "stream-json"),
    reader="claude",
    keyed=("--auth-type", "openai"),
    model=("-m", "{model}"),
    url_env={"OPENAI_BASE_URL": "{base_url}", "OPENAI_API_KEY": "{key}"},
    env={"QWEN_TELEMETRY_ENABLED": "0", "QWEN_USAGE_STATISTICS_ENABLED": "0"},
    keys=("OPENAI_API_KEY", "OPENAI_BASE_URL"),
    login=(".qwen",),
    get="npm install -g @qwen-code/qwen-code",
)

COMMAND = Row(name="command", argv=(), reader="silent", prompt=(), model=(), idle_seconds=None)
"""Any other program: the line says how it is started."""

ROWS = {row.name: row for row in (CLAUDE, CODEX, PI, OPENCODE, GOOSE, GEMINI, QWEN, COMMAND)}
