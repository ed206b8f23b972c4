import { mkdtempSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { openConnection, runLine } from './server/node/sqlite-group.ts'
import { openSqlite } from './server/node/sqlite.ts'
import { compile } from './db/driver.ts'
import { insertBodies, insertDeliveries, insertEvents, raiseEventCounter } from './db/queries/outbox.ts'
import { insertAttempts, updateDeliveries, addToHours, updateHealth, claimDue } from './db/queries/dispatch.ts'
const mem = await openSqlite({ file: ':memory:', log: null as any })
const folder = mkdtempSync(join(tmpdir(), 'micro-'))
const c = openConnection(join(folder, 'a.db')); const db = c.sqlite
db.pragma('journal_mode = wal'); db.pragma('synchronous = '+(process.env.SYNC??'normal')); db.pragma('cache_size=-65536'); db.pragma('temp_store=memory'); db.pragma('wal_autocheckpoint=4000')
db.exec(readFileSync('/work/tree/speed/db/migrations/0001_initial.sql','utf8'))
const A='0123456789abcdefghjkmnpqrstvwxyz'
const id=(p:string)=>{let s='';for(let i=0;i<16;i++)s+=A[Math.random()*32|0];let h='';let r=Date.now();for(let i=0;i<10;i++){h=A[r%32]+h;r=Math.floor(r/32)}return p+'_'+h+s}
const hooks=Array.from({length:8},()=>id('whk'))
for(const h of hooks)db.prepare(`insert into webhook (id,owner,name,description,url,all_events,format,auth,username,headers,timeout_seconds,retry_schedule,sites,ordered,delivery,state,revision,created_at,created_by,updated_at) values (?,'network','','','',1,'standard','none','','[]',5,'[]','[]',0,'{}','active',1,0,'',0)`).run(h)
const payload='x'.repeat(1000)
const hdr=JSON.stringify([["content-type","application/json"],["user-agent","Hookline/0.1.0 (+http://127.0.0.1:1234)"],["webhook-id","evt_01k9xyzabcdefghijklmnopqrs"],["webhook-timestamp","1700000000"],["webhook-signature","v1,aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa="],["hookline-event","payment_received"],["hookline-site","main"],["hookline-delivery","dlv_01k9xyzabcdefghijklmnopqrs"],["hookline-attempt","1"]]), rh='[["content-type","text/plain"],["content-length","2"]]'
const spent:Record<string,number>={}
const time=(n:string,f:()=>void)=>{const a=performance.now();f();spent[n]=(spent[n]??0)+performance.now()-a}
const run=(n:string,q:any)=>{let l:any;time('main:'+n,()=>{l=compile(q)});time(n,()=>{runLine(c,l)})}
const N=Number(process.argv[2]??8), rounds=Number(process.argv[3]??400)
const began=performance.now()
for(let r=0;r<rounds;r++){
  const now=Date.now()
  const evs=Array.from({length:N},()=>({id:id('evt'),type:'payment_received',site:'sit_main',payload,source:'plugin:bench',test:0,hops:0,key:null,fingerprint:'',rejected:null,occurred:now,created:now,heard:now}))
  const ds=evs.map(e=>hooks.map(h=>({id:id('dlv'),event:e.id,webhook:h,off:0,batched:0})))
  db.exec('begin immediate')
  for(const [i,e] of evs.entries()){run('counter',raiseEventCounter(mem,[e]));run('event',insertEvents(mem,[e]));run('deliveries',insertDeliveries(mem,ds[i]!));run('body',insertBodies(mem,[{event:e.id,format:'standard',text:payload}]))}
  time('commit1',()=>db.exec('commit'))
  db.exec('begin immediate')
  for(const h of hooks)run('claim',claimDue(mem,{webhook:h,limit:N,now,lease:now+60000,owner:'owner'}))
  time('commit2',()=>db.exec('commit'))
  const flat=ds.flat()
  db.exec('begin immediate')
  run('attempts',insertAttempts(mem,flat.map(d=>({id:id('att'),delivery:d.id,owner:'owner',number:1,started:now,duration:3,outcome:'ok',status:200,error:null,request_headers:hdr,response_headers:rh,response_body:'b2s=',truncated:0,redelivery:0}))))
  run('update',updateDeliveries(mem,flat.map(d=>({delivery:d.id,owner:'owner',number:1,count:1,state:'delivered',due:null,outcome:'ok',status:200,reason:null,started:now,finished:now}))))
  run('health',updateHealth(mem,hooks.map(h=>({webhook:h,at:now,delivered:now,failures:0,since:null,until:null,step:0,streak:0,state:'active'}))))
  run('hours',addToHours(mem,hooks.map(h=>({webhook:h,hour:1,delivered:N,failed:0}))))
  time('commit3',()=>db.exec('commit'))
}
const total=performance.now()-began, n=N*8*rounds
console.log('deliveries',n,'per s',Math.round(n/total*1000))
for(const [k,v] of Object.entries(spent))console.log(k.padEnd(20),(v*1000/n).toFixed(2),'us/delivery')
