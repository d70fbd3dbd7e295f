"""Hostile texts that files and names must survive."""

from __future__ import annotations

FORMULAS = (
    "=1+1", "=cmd|' /C calc'!A0", "=HYPERLINK(\"http://x.example\",\"ok\")", "=IMPORTXML(\"http://x.example\",\"//a\")",
    "=WEBSERVICE(\"http://x.example\")", "=DDE(\"cmd\";\"/C calc\";\"a\")", "=A1", "=SUM(A1:A9)", "=@SUM(A1)", "==1",
    "+1", "+1+1", "+cmd|' /C calc'!A0", "+SUM(1)", "-1", "-1+1", "-cmd|' /C calc'!A0", "-SUM(1)", "@SUM(1)", "@cmd",
    "@A1", "@import", "\t=1+1", "\r=1+1", "\n=1+1", "\t+1", "\r@A1", "\n-2", " =1+1", "   =1+1", "\u00a0=1+1",
    "\u3000=1+1", "\ufeff=1+1", "\u200b=1+1", "\"=1+1", "\"\"=1+1", "'=1+1", "''=1+1", "'\"=1+1", "\uff1d1+1",
    "\uff0b1", "\uff0d1", "\uff20SUM(1)", "\u22121", "|calc", "%0A=1", "=1;2", "a;=1+1", "a\t=1+1", "a|=1+1",
    "a\n=1+1", "a\r\n=1+1", "a;\"=1+1", "a; @A1", ";=1+1", "x;+1;-1", "=\"a\"&\"b\"", "={1,2}", "=rundll32|'x'!A",
    "=MSEXCEL|'\\..\\..\\cmd.exe'!''",
)  # fmt: skip
"""Texts that some spreadsheet takes for a formula, in some locale, where they are written without care."""

TRAVERSALS = (
    "..", "../x", "../../etc/passwd", "..\\x", "..\\..\\x", "/etc/passwd", "//host/share", "\\\\host\\share", "C:\\x",
    "C:x", "c:/x", "~", "~/x", "~root", "./x", "x/..", "x/../y", "x/../../y", "a/b", "a\\b", ".", "...", "....//x",
    "..;/x", "%2e%2e%2fx", "..%2fx", "%2e%2e/x", "..%5cx", "%252e%252e%252f", "..%c0%afx", "\u2025/x", "\uff0e\uff0e/x",
    "x\0.csv", "\0", "", " ", " x", "x ", "x.", "x..", ".hidden", "-rf", "CON", "nul", "aux.csv", "COM1", "lpt9.txt",
    "x\ny", "x\ty", "file:///etc/passwd", "x" * 300, "$HOME/x", "`x`", "x:stream", "..\u2215x",
)  # fmt: skip
"""Texts that are no file name, or another place."""

SQL_IDS = (
    "'; DROP TABLE sales; --", "\"; DROP TABLE sales; --", "1; DELETE FROM sales", "' OR '1'='1", "' OR 1=1 --",
    "\" OR \"\"=\"", "') OR ('1'='1", "admin'--", "admin' #", "admin'/*", "' UNION SELECT NULL--",
    "' UNION ALL SELECT 1,2,3--", "1' AND SLEEP(5)--", "'; SELECT pg_sleep(9)--",
    "'; COPY sales FROM '/etc/passwd'; --",
    "%s", "%(sku)s", ":sku", "?", "$1", "{sku}", "{0}", "{}", "\\'; DROP TABLE sales; --", "''", "\"\"", "`sales`",
    "[sales]", "NULL--", "$$;DROP TABLE sales;$$", "x'; VACUUM; --", "'||(SELECT version())||'", "\\copy sales",
    "E'\\\\047'", "sales;--",
)  # fmt: skip
"""Ids that are SQL where somebody pastes them into a statement."""
