"""How the page looks, on a screen and on paper, and the few lines that sort its tables."""

import base64
import hashlib

CSS = """
:root{--ink:#16202a;--quiet:#5b6772;--line:#d5dbe0;--ground:#fff;--soft:#f4f6f8;
--certain:#9c2f1f;--suspected:#d98a2b;--unknown:#9aa5ae;--other:#3d6d8f;--good:#3d6d8f}
*{box-sizing:border-box}
html{font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;
color:var(--ink);background:var(--soft)}
body{margin:0 auto;max-width:62rem;background:var(--ground);padding:2.5rem 3rem}
h1{font-size:1.9rem;line-height:1.2;margin:0 0 .3rem;letter-spacing:-.01em;text-wrap:balance}
h2{font-size:1.35rem;margin:3rem 0 .8rem;padding-top:.6rem;border-top:2px solid var(--ink)}
h3{font-size:1.02rem;margin:1.6rem 0 .4rem}
p,ul{margin:.4rem 0 .8rem;max-width:46rem}ul{padding-left:1.2rem}
li{margin:.2rem 0;overflow-wrap:anywhere}
a{color:inherit}.quiet{color:var(--quiet)}.small{font-size:.86rem}
.lead{font-size:1.16rem;line-height:1.45;margin:1.2rem 0}
.figures{display:grid;grid-template-columns:repeat(4,1fr);border:1px solid var(--line);
margin:1.4rem 0}
.figure{padding:.9rem 1rem}.figure+.figure{border-left:1px solid var(--line)}
.figure b{display:block;font-size:2.3rem;line-height:1.1;font-weight:650;
font-variant-numeric:tabular-nums}
.figure.certain b{color:var(--certain)}.figure.suspected b{color:#a9620c}
.bars{margin:.6rem 0 1.2rem}.bar{display:grid;grid-template-columns:11rem 1fr 12.5rem;gap:.8rem;
align-items:center;margin:.28rem 0;font-size:.93rem}
.bar .track{display:flex;height:.95rem;background:var(--soft)}
.bar i{display:block;height:100%}.bar i.a{background:var(--other)}
.bar i.b{background:repeating-linear-gradient(45deg,var(--other) 0 3px,#b9cbd8 3px 6px)}
.bar.listed i.a{background:var(--certain)}
.bar.listed i.b{background:repeating-linear-gradient(45deg,var(--certain) 0 3px,#e9c4bd 3px 6px)}
.bar i.u{background:var(--unknown)}
.bar .n{color:var(--quiet);font-variant-numeric:tabular-nums;white-space:nowrap}
.columns{display:grid;grid-template-columns:1fr 1fr;gap:2rem}.columns h3{margin-top:.4rem}
table{border-collapse:collapse;width:100%;font-size:.86rem;margin:.6rem 0 1.2rem}
th{text-align:left;font-weight:600;border-bottom:1.5px solid var(--ink);padding:.3rem .7rem .3rem 0;
vertical-align:bottom}
td{border-bottom:1px solid var(--line);padding:.35rem .7rem .35rem 0;vertical-align:top;
overflow-wrap:anywhere}
table.sortable th{cursor:pointer}table.sortable th[aria-sort]::after{content:" \\2193"}
table.sortable th[aria-sort=ascending]::after{content:" \\2191"}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
table.way td{overflow-wrap:break-word}
td.where{min-width:7.5rem}td.label{min-width:4.2rem}.nb{white-space:nowrap}
.tag{display:inline-block;border:1px solid currentColor;border-radius:2px;padding:0 .35rem;
font-size:.8rem;white-space:nowrap}
.certain{color:var(--certain)}.suspected{color:#a9620c}
.device{border:1px solid var(--line);padding:.9rem 1.1rem 1rem;margin:1rem 0;break-inside:avoid}
.device h3{margin:0 0 .2rem}.device .verdict{font-size:1.02rem;margin:.2rem 0 .5rem}
.device .parts{columns:2;column-gap:2rem}.device li{break-inside:avoid}
.device h4{break-after:avoid;font-size:.8rem;margin:.5rem 0 .1rem;
color:var(--quiet);font-weight:600}
.device ul{margin:.1rem 0;font-size:.86rem;line-height:1.38;max-width:none;padding-left:1rem}
.device li{margin:.12rem 0}
.device .facts{color:var(--quiet);font-size:.86rem;margin:.2rem 0;max-width:none;
overflow-wrap:anywhere}
code{font:.92em ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere}
.evidence{display:block;color:var(--quiet);font-size:.92em;overflow-wrap:anywhere}
footer{margin-top:3rem;border-top:1px solid var(--line);padding-top:.8rem;color:var(--quiet);
font-size:.86rem}
@media (max-width:44rem){body{padding:1.2rem}.figures{grid-template-columns:1fr 1fr}
.figure:nth-child(3){border-left:0}
.columns{grid-template-columns:1fr}.device .parts{columns:1}
.bar{grid-template-columns:7rem 1fr}.bar .n{grid-column:2}
table{display:block;overflow-x:auto}td{min-width:6rem}
table.way :is(tbody,tr,td){display:block;border:0}table.way thead{display:none}
table.way tr{padding:.5rem 0;border-bottom:1px solid var(--line)}table.way td{padding:0}
table.way td:first-child{font-weight:600}}
@media print{@page{size:A4;margin:16mm 15mm 18mm;
@bottom-right{content:counter(page) " / " counter(pages);font:9pt sans-serif;color:#5b6772}}
html{font-size:9.2pt;background:none}.device{padding:.5rem .7rem;margin:.6rem 0;font-size:.9em}
body{padding:0;max-width:none}
.board{break-after:page}h2{break-after:avoid}h3,h4{break-after:avoid}tr,.figure,.bar{break-inside:avoid}
thead{display:table-header-group}a{text-decoration:none}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
"""

SCRIPT = """
for(const t of document.querySelectorAll("table.sortable")){
const b=t.tBodies[0];const by=e=>{
const h=e.target.closest("th");if(!h||(e.key&&e.key!=="Enter"))return;
const i=[...h.parentNode.children].indexOf(h);
const d=h.getAttribute("aria-sort")==="ascending"?-1:1;
for(const o of h.parentNode.children)o.removeAttribute("aria-sort");
h.setAttribute("aria-sort",d>0?"ascending":"descending");
const v=r=>r.children[i].dataset.sort??r.children[i].textContent;
b.append(...[...b.rows].sort((x,y)=>d*v(x).localeCompare(v(y),undefined,{numeric:true})))};
for(const h of t.tHead.rows[0].cells)h.tabIndex=0;
t.tHead.addEventListener("click",by);t.tHead.addEventListener("keydown",by)}
"""


def policy(styles: str) -> str:
    """A content security policy that lets in nothing but these styles and the script."""
    return (
        f"default-src 'none'; style-src '{_hash(styles)}'; script-src '{_hash(SCRIPT)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
