"""English words in the texts of a Chinese page, apart from names and terms that are the same in every language."""

import re
from html.parser import HTMLParser

UNREAD = {"script", "style", "code", "pre", "kbd", "cite", "textarea"}
"""Elements whose content is for machines, a quoted title, or a user's text."""
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
DESCRIPTIONS = ("description", "og:title", "og:description")
SPOKEN = ("title", "aria-label", "placeholder", "alt", "aria-description", "data-label")
NAMES = """
    MATE Arena Multi-Agent Tracking Environment Benchmarking Reinforcement Learning in Distributed Target
    Coverage Control NeurIPS Datasets and Benchmarks Xuehai Pan Mickel Liu Fangwei Zhong Yaodong Yang
    Song-Chun Zhu Yizhou Wang McAleer Greedy Random Heuristic Naive Alice's cup alice root bob Learner Growing
    Weekly Trackers Mine laptop plain Night birds study Elo NashConv Nash nashpy Alpha-Rank
    α-Rank GAE KL TD PPO Adam epsilon lambda Gamma GSPRT IQM Huber Schulman Fujimoto Hasselt Schaul van
    MAPPO IPPO IQL VDN QMIX MADDPG TarMAC PSRO RLlib Ray PyTorch NumPy ONNX
    TensorBoard Weights Biases WANDB_API_KEY API REST CSV JSON YAML Parquet BibTeX HTML Atom GIF PNG WebM
    MP4 SHA-256 SHA256 HMAC HMAC-SHA256 POST Arena-Signature Webhook Markdown curl Python cron UTC Esc Shift
    pickle cpu GB MiB kB MB Aegis 2FAS FreeOTP ID OIDC GitHub tanh ReLU LSTM GRU I2C
    Windows macOS PostgreSQL Django GiB
"""
"""Words that are the same in every language: names, terms of the field, formats. Values of settings are not."""
KNOWN = {word.lower() for word in NAMES.split()}
WORD = re.compile(r"(?=[0-9]*[A-Za-z]{2}|α-|[A-Z][0-9][A-Z])[A-Za-z0-9α_][A-Za-z0-9_'’-]*[A-Za-z0-9_]")
WRITTEN = re.compile(
    r"\{\w+\}|https?://\S+|/\w[\w/.-]*|docs/\S+|checkpoint-\d+|[0-9a-f]{16}|MATE-\S+?v\S+|arena_\S+|[\w.]+ ?= ?\S+"
    r"|[\w-]+@\w+|\.\w+|Maintenance on Friday"
)
"""Addresses, digests, names of scenarios and workers, values that scripts fill in, and an announcement."""


class Texts(HTMLParser):
    """The visible or spoken texts of a page, without code and without text marked as another language."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[tuple[str, bool]] = []
        self.found: list[str] = []

    @property
    def is_left_out(self) -> bool:
        return any(left for _, left in self.open)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attributes}
        is_unread = tag in UNREAD or ("lang" in named and tag != "html")
        if not is_unread and not self.is_left_out:
            self.found += [named[name] for name in SPOKEN if name in named]
            is_told = tag == "meta" and (named.get("name") or named.get("property")) in DESCRIPTIONS
            self.found += [named["content"]] if is_told else []
        if tag not in VOID:
            self.open.append((tag, is_unread))

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if data.strip() and not self.is_left_out:
            self.found.append(" ".join(data.split()))


def find_english(page: str) -> list[str]:
    """Return the texts of a page that contain an English word that is not a name."""
    reader = Texts()
    reader.feed(page)
    return [
        text for text in reader.found if any(word.lower() not in KNOWN for word in WORD.findall(WRITTEN.sub(" ", text)))
    ]
