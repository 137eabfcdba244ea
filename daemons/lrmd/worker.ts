// Entry of the workers' bundle; in the sources the executor starts its module directly.
import '@sanode/executor/worker/main';
