# Mutants of the bypass corpus: whatever is allowed under core.readonly is really run, as an unprivileged user in a directory of its
# own, in the shell that it was allowed for, as written and as rendered. The victim must survive, and nothing new may lie beside it.
#   /usr/bin/python3 tests/corpus/mutants.py SEED SECONDS BATCH      (as root, from the build directory)
import json,random,subprocess,os,shutil,re,sys,tempfile,time
here=os.path.dirname(os.path.abspath(__file__)); work=tempfile.mkdtemp(); os.chmod(work,0o755)
open(work+'/p.yaml','w').write('version: 1\nprofile: enforce\npacks: [core.readonly]\n')
random.seed(int(sys.argv[1])); budget=float(sys.argv[2]); N=int(sys.argv[3])
src=[json.loads(l)['command'] for f in (here+'/bypass.jsonl',here+'/bypass-own.jsonl') for l in open(f)]
ben=[json.loads(l)['command'] for f in (here+'/benign-own.jsonl',) for l in open(f)]
ben=[b for b in ben if not re.search(r'sudo|tail -f|-f |journalctl|dig|ping|nslookup|host |traceroute|find /|yes|watch|sleep|du |lsof|systemctl|docker|kubectl|helm|apt|dpkg|rpm|git',b)]
toks=[]
for c in src+ben:
    toks+=re.findall(r"\$\(|\)|\$'[^']*'|'[^']*'|\"[^\"]*\"|`[^`]*`|&&|\|\||[;|&\n]|<<<|<<-?|[<>]|\$\{[^}]*\}|\s+|[^\s;|&<>'\"`$()]+|\$\w+|\(|\$",c)
def mut(c):
    t=re.findall(r"\$\(|\)|\$'[^']*'|'[^']*'|\"[^\"]*\"|`[^`]*`|&&|\|\||[;|&\n]|<<<|<<-?|[<>]|\$\{[^}]*\}|\s+|[^\s;|&<>'\"`$()]+|\$\w+|\(|\$",c)
    for _ in range(random.choice([1,1,2,3])):
        if not t: break
        op=random.random(); i=random.randrange(len(t))
        if op<.25: t[i]=random.choice(toks)
        elif op<.5: t.insert(i,random.choice(toks))
        elif op<.65: del t[i]
        elif op<.8:
            j=random.randrange(len(t)); t[i],t[j]=t[j],t[i]
        elif op<.9: t=t[:i]+[random.choice([';','|','&&',' ','\n','$(',' -- '])]+re.findall(r"\s+|\S+",random.choice(src))+t[i:]
        else:
            d=random.choice(src+ben); t=t+[random.choice([';','|','||','\n'])]+[d]
    return ''.join(t)
shells={'bash':['bash','-c'],'dash':['dash','-c'],'zsh':['zsh','-c'],'mksh':['mksh','-c'],'busybox':['busybox','sh','-c']}
sb=work+'/sb'; V=sb+'/data/victim'
ran=bad=0; t0=time.time()
while time.time()-t0<budget:
    items=[]
    for k in range(N):
        c=mut(random.choice(src))
        if 'victim' in c and '\0' not in c:
            for s in shells: items.append((c,s))
    inp='\n'.join(json.dumps({'id':k,'command':c,'shell':s}) for k,(c,s) in enumerate(items))+'\n'
    out=subprocess.run(['./sallyport','policy','eval','--policy',work+'/p.yaml','--jsonl'],input=inp,capture_output=True,text=True).stdout
    seen=set()
    for l in out.split('\n'):
        if not l: continue
        o=json.loads(l)
        if o['verdict']!='allow': continue
        c,s=items[o['id']]
        if (c,s) in seen: continue
        seen.add((c,s))
        if time.time()-t0>budget: break
        shutil.rmtree(sb,ignore_errors=True); os.makedirs(sb+'/data'); open(V,'w').write('x')
        for p in (sb,sb+'/data',V): os.chown(p,65534,65534)
        for text in (c,o['canonical']):
            text=text.replace('/srv/data',sb+'/data')
            try: subprocess.run(['setpriv','--reuid','65534','--regid','65534','--clear-groups']+shells[s]+[text],cwd=sb,stdin=subprocess.DEVNULL,stdout=subprocess.DEVNULL,stderr=subprocess.DEVNULL,timeout=2,start_new_session=True,env={'PATH':'/usr/bin:/bin:/usr/sbin:/sbin','HOME':sb})
            except subprocess.TimeoutExpired: pass
            except Exception: pass
            ran+=1
            ls=sorted(os.listdir(sb)) if os.path.exists(sb) else None
            extra=[x for x in (ls or []) if x not in ('data','.config','.rpmdb','.gnupg')] # what top -b, rpm -q and gpg -k make when they have none
            if not os.path.lexists(V) or os.path.islink(V) or os.stat(V).st_size!=1 or extra:
                bad+=1; print('BAD',s,repr(text),extra,flush=True); break
print('executed',ran,'bad',bad)
shutil.rmtree(work,ignore_errors=True)
sys.exit(1 if bad else 0)
