"""A paper as BibTeX."""

import re
import unicodedata

from sslzoo.zoo.schema import Paper

SPECIAL = re.compile(r"([&%$#_])")
BETWEEN = re.compile(r", | & | and | et al\.?")
SMALL_WORDS = {"a", "an", "the", "on", "of"}
# "Chen et al. 2020, "A Simple Framework ...", arXiv:2002.05709", as docstrings of methods have it
CITED = re.compile(r'(?P<authors>[^"]+?),? (?P<year>(?:19|20)\d\d), "(?P<title>[^"]+?),?"')
ARXIV = re.compile(r"arXiv:(\d{4}\.\d{4,5})")


def bibtex(paper: Paper) -> str:
    """The entry of a paper.

    Example:
        >>> from sslzoo.zoo.schema import Paper
        >>> print(bibtex(Paper(title="On Zoos", authors="Li & Ho", year=2020, arxiv="2002.05709")))
        @misc{li2020zoos,
          title = {{On Zoos}},
          author = {Li and Ho},
          year = {2020},
          eprint = {2002.05709},
          archivePrefix = {arXiv},
          url = {https://arxiv.org/abs/2002.05709}
        }
    """
    fields = {"title": f"{{{_escaped(paper.title)}}}"}
    if paper.authors:
        fields["author"] = _escaped(_joined(paper.authors))
    if paper.year:
        fields["year"] = str(paper.year)
    if paper.arxiv:
        fields |= {"eprint": paper.arxiv, "archivePrefix": "arXiv"}
        fields["url"] = f"https://arxiv.org/abs/{paper.arxiv}"
    elif paper.url:
        fields["url"] = paper.url
    if paper.url and "doi.org/" in paper.url:
        fields["doi"] = paper.url.partition("doi.org/")[2]
    lines = [f"  {key} = {{{value}}}" for key, value in fields.items()]
    return f"@misc{{{citation_key(paper)},\n" + ",\n".join(lines) + "\n}"


def citation_key(paper: Paper) -> str:
    """First author, year, first word of the title. It does not change.

    Example:
        >>> citation_key(Paper(title="A Simple Framework", authors="Chen et al.", year=2020))
        'chen2020simple'
    """
    first = BETWEEN.split(paper.authors or "")[0]
    words = [_letters(word) for word in paper.title.split()]
    word = next((word for word in words if word and word not in SMALL_WORDS), "")
    return f"{_letters(first)}{paper.year or ''}{word}" or "paper"


def cited(text: str) -> Paper | None:
    """The paper that a sentence cites, or None.

    Example:
        >>> cited('Chen et al. 2020, "A Simple Framework", arXiv:2002.05709.').arxiv
        '2002.05709'
    """
    match = CITED.search(text)
    if match is None:
        return None
    number = ARXIV.search(text)
    authors = match["authors"].rpartition(": ")[2]  # some say first what is theirs
    values = {"title": match["title"], "authors": authors, "year": int(match["year"])}
    return Paper(**values, arxiv=number[1] if number else None)


def _joined(authors: str) -> str:
    """ "Chen et al." -> "Chen and others"; "A, B & C" -> "A and B and C"."""
    names = [name.strip() for name in BETWEEN.split(authors) if name.strip()]
    others = ["others"] if "et al" in authors else []
    return " and ".join([*names, *others])


def _escaped(text: str) -> str:
    """Text with the signs that TeX reads otherwise."""
    plain = re.sub(r"[\\{}]", "", " ".join(text.split()))
    return SPECIAL.sub(r"\\\1", plain)


def _letters(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]", "", plain.lower())
