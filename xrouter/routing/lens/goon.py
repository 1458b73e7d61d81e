"""Messages that say "carry on" and nothing else: their difficulty is that of the ask they carry on.

A message is one when all its words are in the tables. Thanks are not: they ask for nothing.
"""

from __future__ import annotations

import re

_LONGEST = 60
# white space and punctuation, but no combining marks: Hindi words hold them
_BETWEEN = re.compile(
    r"[\s!-/:-@\[-`{-~\u00a1\u00ab\u00b7\u00bb\u00bf\u060c\u061b\u061f\u0964\u2010-\u2027\u2039\u203a"
    r"\u3001\u3002\uff01\uff0c\uff1a\uff1b\uff1f]+"
)

# A language a line: en, de, es, fr, pt, it, nl, pl, ru, uk, tr, sv/da, cs, zh, ja, ko, hi, ar, he
_GO_WORDS = """
    continue proceed resume go ahead keep going carry on do
    weiter weitermachen fortfahren fortsetzen mach los
    sigue continúa continua adelante procede prosigue hazlo
    continuez poursuis poursuivez vas fais
    prossiga segue prosseguir faça faz
    procedi vai avanti prosegui fallo
    doorgaan ga verder door
    kontynuuj dalej działaj śmiało
    продолжай продолжайте дальше давай делай
    продовжуй продовжуйте далі роби
    devam et yap
    fortsätt fortsæt fortsätta kör
    pokračuj dál
    继续 继续吧 请继续 好的继续 好继续 接着做 接着来 繼續 請繼續
    続けて 続けてください 続けてお願いします はい続けて 続き
    계속 계속해 계속해줘 계속하세요 계속해주세요
    जारी रखें रखो
    تابع استمر أكمل
    המשך תמשיך
"""
_YES_WORDS = """
    yes yeah yep ok okay sure please and then with it the that this now just all right
    alright sounds good fine lets let s
    ja bitte gut klar gern gerne so und einfach damit es das
    sí si vale claro por favor y bien
    oui d accord y le la bien s il te plaît vous plait
    sim pode por isso em frente
    sì certo pure
    graag maar
    tak proszę dobrze
    да ок хорошо пожалуйста так
    будь ласка добре
    evet tamam lütfen
    snälla gärna
    ano prosím
    好 好的 可以 はい お願いします 네 응 हाँ نعم כן
"""

_GO = frozenset(_GO_WORDS.split())
_YES = frozenset(_YES_WORDS.split())
_QUESTION = ("?", "\uff1f", "\u061f")


def is_go_on(text: str, *, answered: str = "") -> bool:
    """Whether `text` only says to carry on. A bare "yes" does where `answered`, what it answers, ends in a question."""
    if len(text) > _LONGEST:
        return False
    words = [word for word in _BETWEEN.split(text.lower()) if word]
    if not words or not all(word in _GO or word in _YES for word in words):
        return False
    return answered.rstrip().endswith(_QUESTION) or any(word in _GO for word in words)
