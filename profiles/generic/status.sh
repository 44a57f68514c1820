#!/usr/bin/env bash
# State of one PBS job in the three words that snakemake-executor-plugin-cluster-generic knows.
# A job that PBS no longer knows, or cannot be asked about, is not called failed at once: five tries first.
set -u
for _ in 1 2 3 4 5; do
    if answer=$(qstat -x -f "$1" 2>/dev/null); then
        case "$(sed -n 's/^ *job_state = //p' <<<"$answer")" in
            F | C | X)
                code=$(sed -n 's/^ *Exit_status = //p' <<<"$answer" | head -n 1)
                if [ "$code" = 0 ]; then echo success; else echo failed; fi
                ;;
            *) echo running ;;
        esac
        exit 0
    fi
    sleep 2
done
echo failed
