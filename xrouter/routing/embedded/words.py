"""Words that tell how hard a piece of work is, in a few languages: starts of words, or runs of CJK characters."""

from __future__ import annotations

import re

_HARD = (
    # en
    r"prov(?:e|ing)\b|proof|design|redesign|architect|root cause|refactor|migrat|secur|vulnerab|threat|audit"
    r"|race condition|deadlock|trade-?offs?|downtime|from scratch|strateg|deriv|optimal|complexity|distributed"
    r"|concurren|investigat|diagnos|codebase|whole repo|end to end|rollback|compliance|liab"
    # de
    r"|beweis|entwirf|entwurf|konzept|architekt|ursache|sicherheit|schwachstelle|ausfallzeit"
    # es pt it fr
    r"|demu[eé]str|demonstr|dimostra|démontr|diseñ|projet[ae]|progett|conç|concev|arquitet|arquitect|architett|causa ra"
    r"|cause racine|segur[ia]|sicurezza|sécurit|estrat[eé]g|stratég"
    # pl nl tr
    r"|udowodnij|zaprojektuj|bezpieczeństw|przyczyn|bewijs|ontwerp|oorzaak|kan\u0131tla|tasarla|güvenli"
    # ru uk
    r"|докаж|доведи|проектир|спроект|архитект|архітект|причин|безопасн|безпек|миграц|міграц|рефактор|стратег"
)
_HARD_CJK = (
    r"证明|證明|証明|증명|设计|設計|설계|架构|架構|アーキテクチャ|아키텍처|原因|원인|漏洞|脆弱|セキュリティ|보안"
    r"|重构|重構|リファクタ|리팩|迁移|遷移|移行|마이그레이션|方案|战略|戦略|전략|推导|分析|분석|哪些"
)
_EASY_WORDS = (
    r"convert|rename|translate|what'?s|what (?:is|time|day)|who|when|hi|hello|hey|thanks|thank you|thx|how many|spell"
    r"|capitali[sz]e|uppercase|lowercase|define|definition|format|bump|turn|put|add|remove|delete|sort|list|extract"
    r"|remind|wrong|did|is the|danke|hallo|gracias|merci|obrigad[oa]|grazie|hola|bonjour|ciao"
)
_EASY_STARTS = r"übersetz|traduc|traduz|traduis|перевед|спасибо|привет|переклад|дякую"
_EASY_CJK = r"翻译|翻譯|谢谢|你好|訳して|ありがとう|번역|고마워|안녕"

HARD = re.compile(rf"\b(?:{_HARD})|(?:{_HARD_CJK})", re.IGNORECASE)
EASY = re.compile(rf"(?:{_EASY_WORDS})\b|{_EASY_STARTS}|{_EASY_CJK}", re.IGNORECASE)
CJK = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
CODE = re.compile(r"^(?:```|~~~| {4}\S|\t\S)", re.MULTILINE)
