# SPDX-License-Identifier: GPL-2.0-or-later
# Completion of staticdax for fish: every word comes from the program itself.

function __staticdax_words
    staticdax __complete -- $argv 2>/dev/null
end

# The verb before the word to complete: the first word without a dash
function __staticdax_verb
    set -l words (commandline -opc)
    string match -v -- '-*' $words[2..-1] | head -n 1
end

# What option $argv[2] of verb $argv[1] takes: SIZE, OUT, static|swapfile, or nothing
function __staticdax_value
    for line in (__staticdax_words options-about $argv[1])
        set -l part (string split \t -- $line)
        test "$part[1]" = "$argv[2]"; and echo $part[3]
    end
end

function __staticdax_complete
    set -l verb (__staticdax_verb)
    set -l before (commandline -opc)[-1]
    set -l word (commandline -ct)
    set -l value (__staticdax_value "$verb" $before)

    if test -n "$value"
        if test "$value" = OUT
            __fish_complete_path $word
        else
            __staticdax_words values $before
        end
    else if string match -q -- '-*' $word
        for line in (__staticdax_words options-about $verb)
            string join -- \t (string split \t -- $line)[1..2]
        end
    else if test -z "$verb"
        __staticdax_words verbs-about
    else
        switch (__staticdax_words operands $verb)
            case sealed
                set -l sealed (__staticdax_words sealed $word)
                if test -n "$sealed"
                    string join -- \n $sealed
                else
                    __fish_complete_path $word
                end
            case files
                __fish_complete_path $word
        end
    end
end

complete -c staticdax -f -a '(__staticdax_complete)'
